from . import inlines

inlines.show_on_people()
