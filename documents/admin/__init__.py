from . import authors, documents, people, posts, readers  # noqa: F401

people.show_on_people()
