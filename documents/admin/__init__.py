from . import documents, inlines, posts  # noqa: F401

inlines.show_on_people()
