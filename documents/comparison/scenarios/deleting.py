from django.db import connection, transaction

from ..lab import again, paper, rolled_back, scenario, upload
from ..models import Owner, Paper, Sheet


@scenario("delete a row")
def delete():
    paper().delete()


@scenario("delete, rolled back")
def delete_rolled_back():
    row = paper()
    with rolled_back():
        row.delete()


@scenario("delete in a savepoint that is rolled back, outer commit")
def delete_savepoint_rolled_back():
    row = paper()
    with transaction.atomic(), rolled_back():
        row.delete()


@scenario("delete in a savepoint, outer commit")
def delete_savepoint():
    row = paper()
    with transaction.atomic(), transaction.atomic():
        row.delete()


@scenario("delete in a savepoint, outer rolled back")
def delete_outer_rolled_back():
    row = paper()
    with rolled_back(), transaction.atomic():
        row.delete()


@scenario("delete one row, another one's deletion is rolled back beside it")
def delete_one_of_two():
    first, second = paper("a"), paper("b")
    with transaction.atomic():
        first.delete()
        with rolled_back():
            second.delete()


@scenario("delete and create in one transaction")
def delete_and_create():
    row = paper()
    with transaction.atomic():
        row.delete()
        paper("b")


@scenario("delete a row that has no file")
def delete_empty():
    paper()
    Paper.objects.create().delete()


@scenario("delete a row with two files")
def delete_two_files():
    Sheet.objects.create(front=upload("a"), back=upload("b")).delete()


@scenario("queryset delete of 1,000 rows")
def queryset_delete():
    Paper.objects.bulk_create(Paper(file=upload(f"n{number}")) for number in range(1000))
    Paper.objects.all().delete()


@scenario("queryset delete, rolled back")
def queryset_delete_rolled_back():
    for tag in "abc":
        paper(tag)
    with rolled_back():
        Paper.objects.all().delete()


@scenario("cascade from one owner")
def cascade():
    owner = Owner.objects.create()
    paper("a", owner=owner)
    paper("b")
    owner.delete()


@scenario("cascade from a queryset of owners")
def cascade_queryset():
    for tag in "abc":
        paper(tag, owner=Owner.objects.create())
    Owner.objects.all().delete()


@scenario("cascade, rolled back")
def cascade_rolled_back():
    owner = Owner.objects.create()
    paper(owner=owner)
    with rolled_back():
        owner.delete()


@scenario('delete an instance loaded with .only("id")')
def only_id_delete():
    row = paper()
    Paper.objects.only("id").get(pk=row.pk).delete()


@scenario('delete a queryset with .only("id")')
def only_id_queryset_delete():
    paper()
    Paper.objects.only("id").delete()


@scenario('delete an instance loaded with .defer("file")')
def deferred_delete():
    row = paper()
    Paper.objects.defer("file").get(pk=row.pk).delete()


@scenario("delete an instance made of its key alone")
def delete_by_key():
    Paper(pk=paper().pk).delete()


@scenario("delete a stale instance whose file was replaced")
def stale_delete():
    row = paper()
    stale = again(row)
    row.file = upload("b")
    row.save()
    stale.delete()


@scenario("delete an instance with another file assigned, not saved")
def delete_assigned():
    other = paper("b")
    row = paper("a")
    row.file = other.file.name
    row.delete()


@scenario("delete twice")
def delete_twice():
    row = paper()
    stale = again(row)
    row.delete()
    stale.delete()


@scenario("delete and insert the same row again in one transaction")
def reinsert():
    row = paper()
    stale = again(row)
    with transaction.atomic():
        row.delete()
        stale.save(force_insert=True)


@scenario("delete, and insert the same row again later")
def reinsert_later():
    row = paper()
    stale = again(row)
    row.delete()
    stale.save(force_insert=True)


@scenario("delete inserted again, then all rolled back")
def reinsert_rolled_back():
    row = paper()
    stale = again(row)
    with rolled_back():
        row.delete()
        stale.save(force_insert=True)


@scenario("delete by raw SQL")
def raw_sql_delete():
    row = paper()
    paper("b")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM comparison_paper WHERE id = %s", [row.pk])


@scenario("upload and delete in one transaction")
def upload_and_delete():
    with transaction.atomic():
        paper().delete()


@scenario("upload and delete in one transaction, rolled back")
def upload_and_delete_rolled_back():
    with rolled_back():
        paper().delete()
