from . import authors, documents, people, posts  # noqa: F401

people.show_on_people()
