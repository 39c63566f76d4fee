from . import authors, documents, people, posts, readers, requirements  # noqa: F401

people.show_on_people()
