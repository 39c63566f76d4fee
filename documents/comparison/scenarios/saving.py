import pickle

from django.db import connection, transaction

from ..lab import again, meanwhile, paper, replace, rolled_back, scenario, upload
from ..models import Paper, Sheet


@scenario("upload")
def create():
    paper()


@scenario("upload, rolled back")
def create_rolled_back():
    with rolled_back():
        paper()


@scenario("upload in bulk, rolled back")
def bulk_create_rolled_back():
    with rolled_back():
        Paper.objects.bulk_create([Paper(file=upload("a")), Paper(file=upload("b"))])


@scenario("replace")
def replace_file():
    replace(paper())


@scenario("replace by a file of the same name")
def replace_same_name():
    replace(paper("a"), "a")


@scenario("replace, rolled back")
def replace_rolled_back():
    row = paper()
    with rolled_back():
        replace(row)


@scenario("replace in a savepoint that is rolled back, outer commit")
def replace_savepoint_rolled_back():
    row = paper()
    with transaction.atomic(), rolled_back():
        replace(row)


@scenario("replace, rolled back, then save the same instance again")
def save_again_after_rollback():
    row = paper()
    with rolled_back():
        replace(row)
    row.save()


@scenario("replace twice in one transaction")
def replace_twice():
    row = paper()
    with transaction.atomic():
        replace(row, "b")
        replace(row, "c")


@scenario("replace and revert in one transaction")
def replace_and_revert():
    row = paper()
    old = row.file.name
    with transaction.atomic():
        replace(row)
        row.file = old
        row.save()


@scenario("replace one of two files")
def replace_one_of_two():
    row = Sheet.objects.create(front=upload("a"), back=upload("b"))
    replace(row, "c", field="front")


@scenario("replace through FieldFile.save()")
def field_file_save():
    paper().file.save("b.txt", upload("b"))


@scenario("replace through update_or_create()")
def update_or_create():
    Paper.objects.update_or_create(pk=paper().pk, defaults={"file": upload("b")})


@scenario("replace by an instance made of the key")
def replace_by_key():
    Paper(pk=paper().pk, file=upload("b")).save()


@scenario("clear")
def clear():
    row = paper()
    row.file = ""
    row.save()


@scenario("clear, rolled back")
def clear_rolled_back():
    row = paper()
    with rolled_back():
        row.file = ""
        row.save()


@scenario("save without a change")
def save_unchanged():
    again(paper()).save()


@scenario("update_fields with the file")
def update_fields_file():
    row = paper()
    row.file = upload("b")
    row.save(update_fields=["file"])


@scenario("update_fields without the file that was assigned")
def update_fields_title():
    row, other = paper(), paper("b")
    row.file = other.file.name
    row.save(update_fields=["title"])


@scenario('.defer("file"), assign, save')
def deferred_assign():
    row = Paper.objects.defer("file").get(pk=paper().pk)
    replace(row)


@scenario('.only("id"), save')
def only_id_save():
    Paper.objects.only("id").get(pk=paper().pk).save()


@scenario("replace through a pickled instance")
def pickled_replace():
    replace(pickle.loads(pickle.dumps(paper())))  # noqa: S301


@scenario("delete a pickled instance")
def pickled_delete():
    pickle.loads(pickle.dumps(again(paper()))).delete()  # noqa: S301


@scenario("replace on a stale instance, whose file was replaced before")
def stale_replace():
    row = paper()
    stale = again(row)
    replace(row, "b")
    replace(stale, "c")


@scenario("a stale instance's save() brings the old file back in the same transaction")
def stale_save():
    row = paper()
    stale = again(row)
    with transaction.atomic():
        replace(row)
        stale.save()


@scenario("a stale instance's save(), after its file was replaced")
def stale_save_later():
    row = paper()
    stale = again(row)
    replace(row)
    stale.save()


@scenario("a stale instance saves another column")
def stale_update_fields():
    row = paper()
    stale = again(row)
    replace(row)
    stale.save(update_fields=["title"])


@scenario("two people replace the same file at the same moment")
def concurrent_replace():
    row = paper()
    other = again(row)
    with meanwhile(lambda: replace(other, "c")):
        replace(row, "b")


@scenario("one person replaces what another one deletes at that moment")
def concurrent_delete():
    row = paper()
    with meanwhile(again(row).delete):
        replace(row)


@scenario("queryset.update() of the file")
def queryset_update():
    row, other = paper(), paper("b")
    Paper.objects.filter(pk=row.pk).update(file=other.file.name)


@scenario("bulk_update() of the file")
def bulk_update():
    row = paper()
    row.file = row.file.storage.save("b.txt", upload("b"))
    Paper.objects.bulk_update([row], ["file"])


@scenario("raw SQL update of the file")
def raw_sql_update():
    row, other = paper(), paper("b")
    with connection.cursor() as cursor:
        sql = "UPDATE comparison_paper SET file = %s WHERE id = %s"
        cursor.execute(sql, [other.file.name, row.pk])


@scenario("FieldFile.delete()")
def field_file_delete():
    paper().file.delete()


@scenario("FieldFile.delete(), rolled back")
def field_file_delete_rolled_back():
    row = paper()
    with rolled_back():
        row.file.delete()
