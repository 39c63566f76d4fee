"""Files that more than one row names, now or within one transaction."""

from django.db import transaction

from ..lab import again, paper, replace, rolled_back, scenario, upload
from ..models import Archived, Copy, Paper, Sheet


def shared():
    """Return two papers with the same file."""
    row = paper()
    return row, Paper.objects.create(file=row.file.name)


def across_models():
    """Return a paper and a copy with the same file."""
    row = paper()
    return row, Copy.objects.create(file=row.file.name)


def clear(row):
    row.file = ""
    row.save()


@scenario("two rows share a file: delete one")
def shared_delete_one():
    shared()[0].delete()


@scenario("two rows share a file: replace one")
def shared_replace_one():
    replace(shared()[0])


@scenario("two rows share a file: clear one")
def shared_clear_one():
    clear(shared()[1])


@scenario("two rows share a file: delete both, one by one")
def shared_delete_both():
    for row in shared():
        row.delete()


@scenario("two rows share a file: delete both at once")
def shared_delete_queryset():
    shared()
    Paper.objects.all().delete()


@scenario("two rows share a file: delete one, the other's deletion is rolled back")
def shared_delete_one_rolled_back():
    first, second = shared()
    with transaction.atomic():
        first.delete()
        with rolled_back():
            second.delete()


@scenario("two models share a file: delete one's row")
def models_delete_one():
    across_models()[0].delete()


@scenario("two models share a file: replace one's")
def models_replace_one():
    replace(across_models()[1])


@scenario("two models share a file: delete both rows")
def models_delete_both():
    for row in across_models():
        row.delete()


@scenario("two fields of a row share a file: clear one")
def fields_clear_one():
    row = Sheet.objects.create(front=upload("a"))
    row.back = row.front.name
    row.save()
    row.front = ""
    row.save()


@scenario("two storages hold a file of the same name: delete one")
def storages_delete_one():
    row = paper()
    assert Archived.objects.create(file=upload("a")).file.name == row.file.name  # noqa: S101
    row.delete()


@scenario("move a file to another row in one transaction")
def move():
    giver, taker = paper(), Paper.objects.create()
    with transaction.atomic():
        taker.file = giver.file.name
        taker.save()
        clear(giver)


@scenario("move a file to another row, the giver cleared first")
def move_cleared_first():
    giver, taker = paper(), Paper.objects.create()
    with transaction.atomic():
        name = giver.file.name
        clear(giver)
        taker.file = name
        taker.save()


@scenario("move a file over another one, delete the giver")
def move_and_delete():
    giver, taker = paper("a"), paper("b")
    with transaction.atomic():
        taker.file = giver.file.name
        taker.save()
        giver.delete()


@scenario("move a file to another model in one transaction")
def move_to_model():
    giver = paper()
    with transaction.atomic():
        giver.delete()
        Copy.objects.create(file=giver.file.name)


def swap():
    first, second = Paper.objects.order_by("pk")
    first.file, second.file = second.file.name, first.file.name
    first.save()
    second.save()


@scenario("swap the files of two rows in one transaction")
def swap_files():
    paper("a"), paper("b")
    with transaction.atomic():
        swap()


@scenario("swap the files of two rows, rolled back")
def swap_rolled_back():
    paper("a"), paper("b")
    with rolled_back():
        swap()


@scenario("swap the two files of one row")
def swap_fields():
    row = Sheet.objects.create(front=upload("a"), back=upload("b"))
    row.front, row.back = row.back.name, row.front.name
    row.save()


def copy(row):
    duplicate = again(row)
    duplicate.pk = None
    duplicate._state.adding = True
    duplicate.save()
    return duplicate


@scenario("copy a row (pk = None), delete the original")
def copy_delete_original():
    row = paper()
    copy(row)
    row.delete()


@scenario("copy a row, delete the copy")
def copy_delete_copy():
    copy(paper()).delete()


@scenario("copy a row, replace the original's file")
def copy_replace_original():
    row = paper()
    copy(row)
    replace(row)


@scenario("copy a row with another file assigned")
def copy_assign():
    row = again(paper())
    row.pk = None
    row._state.adding = True
    replace(row)


@scenario("copy and delete the original in one transaction")
def copy_and_delete():
    row = paper()
    with transaction.atomic():
        copy(row)
        row.delete()


@scenario("copy and delete the original, the copy rolled back")
def copy_rolled_back():
    row = paper()
    with transaction.atomic():
        with rolled_back():
            copy(row)
        row.delete()
