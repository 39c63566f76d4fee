from . import authors, documents, posts  # noqa: F401

documents.show_on_people()
