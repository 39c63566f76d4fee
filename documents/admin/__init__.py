from . import documents, inlines, posts, removals  # noqa: F401

inlines.show_on_people()
