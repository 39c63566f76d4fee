"""Every kind of model and field."""

from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.core.management import call_command
from django.core.serializers import serialize
from django.db import transaction

from ..lab import again, paper, replace, rolled_back, scenario, upload
from ..models import DEFAULT_FILE, Archived, Copy, Form, Note, Paper, PaperProxy, Place, Restaurant


@scenario("default file: delete the row")
def default_delete():
    Form.objects.create().delete()


@scenario("default file: upload in its place")
def default_replace():
    replace(Form.objects.create())


@scenario("default file: back to it")
def default_again():
    row = Form.objects.create(file=upload("b"))
    row.file = DEFAULT_FILE
    row.save()


@scenario("default file: delete a row with another file")
def default_other():
    Form.objects.create(file=upload("b")).delete()


@scenario("empty and null: clear to None, delete")
def null_file():
    row = Copy.objects.create(file=upload("a"))
    row.file = None
    row.save()
    Copy.objects.create().delete()


@scenario("proxy: delete")
def proxy_delete():
    PaperProxy.objects.get(pk=paper().pk).delete()


@scenario("proxy: replace")
def proxy_replace():
    replace(PaperProxy.objects.get(pk=paper().pk))


@scenario("proxy: queryset delete")
def proxy_queryset_delete():
    paper()
    PaperProxy.objects.all().delete()


@scenario("abstract parent: delete")
def abstract_delete():
    Note.objects.create(file=upload("a")).delete()


@scenario("abstract parent: replace")
def abstract_replace():
    replace(Note.objects.create(file=upload("a")))


@scenario("another storage: replace and delete")
def storage_replace():
    row = Archived.objects.create(file=upload("a"))
    replace(row)
    row.delete()


def restaurant():
    return Restaurant.objects.create(plan=upload("a"), menu=upload("b"))


@scenario("multi-table: delete the child")
def child_delete():
    restaurant().delete()


@scenario("multi-table: delete through the parent")
def parent_delete():
    Place.objects.get(pk=restaurant().pk).delete()


@scenario("multi-table: queryset delete through the parent")
def parent_queryset_delete():
    restaurant()
    Place.objects.all().delete()


@scenario("multi-table: replace the parent's file on the child")
def child_replace():
    replace(restaurant(), "c", field="plan")


@scenario("multi-table: replace the parent's file on the parent")
def parent_replace():
    replace(Place.objects.get(pk=restaurant().pk), "c", field="plan")


@scenario("multi-table: child.delete(keep_parents=True)")
def keep_parents():
    restaurant().delete(keep_parents=True)


@scenario("multi-table: keep_parents, then the parent goes too")
def keep_parents_then_delete():
    row = restaurant()
    row.delete(keep_parents=True)
    Place.objects.all().delete()


def other_folder():
    return patch.object(Paper._meta.get_field("file"), "upload_to", "elsewhere")


@scenario("changed upload_to: delete a row from before")
def changed_upload_to_delete():
    row = paper()
    with other_folder():
        again(row).delete()


@scenario("changed upload_to: replace a file from before")
def changed_upload_to_replace():
    row = paper()
    with other_folder():
        replace(again(row))


def load(name, rows):
    """Load a fixture that was dumped from `rows`."""
    path = Path(settings.SCRATCH, f"{name}.json")
    path.write_text(serialize("json", rows))
    call_command("loaddata", path, verbosity=0)


@scenario("loaddata over a row, with another file")
def loaddata_over():
    row, other = paper(), paper("b")
    row.file = other.file.name
    load("over", [row])


@scenario("loaddata over a row, with the same file")
def loaddata_same():
    load("same", [paper()])


@scenario("loaddata brings a deleted row back in the same transaction")
def loaddata_again():
    row = paper()
    with transaction.atomic():
        again(row).delete()
        load("again", [row])


@scenario("a file that is missing already: delete")
def missing_delete():
    row = paper()
    row.file.storage.delete(row.file.name)
    row.delete()


@scenario("a file that is missing already: replace")
def missing_replace():
    row = paper()
    row.file.storage.delete(row.file.name)
    replace(row)


@scenario("a file that is missing already: delete, rolled back, upload again")
def missing_rolled_back():
    row = paper()
    row.file.storage.delete(row.file.name)
    with rolled_back():
        again(row).delete()
    replace(again(row), "a")
