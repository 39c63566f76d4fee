import os
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import tablib
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from import_export.resources import modelresource_factory
from tqdm import tqdm

from intranet.trace.effects import all_paused
from staff.exchange import COLUMNS, PeopleResource
from staff.models import Department, User

FIELDS = ["username", "email", "first_name", "last_name"]


class Command(BaseCommand):
    help = (
        "Measure how many people a second are created and imported, beside raw SQL and stock "
        "django-import-export in the same run. Works on a temporary database, never the site's."
    )

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=1000)

    def handle(self, *, rows, **options):
        with temporary_database(), all_paused():
            results = measure(rows)
        fastest = results[0][1]
        lines = [
            f"| {way} | {rows / seconds:,.0f} | {seconds / fastest:.1f} | {queries:.1f} |"
            for way, seconds, queries in results
        ]
        head = "| way | rows a second | times raw SQL | queries a row |"
        self.stdout.write("\n".join([head, "| --- | ---: | ---: | ---: |", *lines]))


@contextmanager
def temporary_database():
    """Swap the site's database for an empty one with all tables, for a block of code."""
    site = connection.settings_dict["NAME"]
    with TemporaryDirectory(prefix="bench-") as folder:
        sqlite = connection.vendor == "sqlite"
        name = str(Path(folder) / "db.sqlite3") if sqlite else f"bench_people_{os.getpid()}"
        connection.settings_dict["TEST"]["NAME"] = name
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(site, verbosity=0)


def measure(count: int) -> list[tuple[str, float, float]]:
    """Return (way, seconds, queries a row) for each way of making `count` people."""
    Department.objects.create(name="Sales").groups.add(Group.objects.create(name="Sellers"))
    ways = {
        "raw SQL: accounts, profiles, groups": insert,
        "User.objects.create()": create,
        "stock import-export: accounts only": import_stock,
        "import: rehearsal": rehearse,
        "import: accounts, profiles, groups": import_people,
        "import: again, nothing changed": import_people,
    }
    people = [person(number) for number in range(count)]
    return [
        (way, *timed(run, people, way))
        for way, run in tqdm(ways.items(), disable=None, leave=False)
    ]


def person(number: int) -> dict[str, str]:
    return {
        "username": f"person{number}",
        "staff_number": str(number),
        "email": f"person{number}@example.com",
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "job_title": "Clerk",
        "department": "Sales",
        "is_staff": "no",
        "is_active": "yes",
    }


def timed(run, people, way) -> tuple[float, float]:
    """Return the seconds that `run` took and its queries a row, savepoints not counted."""
    again = "again" in way
    if not again:
        User.objects.all().delete()
    start = time.perf_counter()
    run(people)
    return time.perf_counter() - start, queries_a_row(run, people, again)


def queries_a_row(run, people, again) -> float:
    """Return by how much the number of queries grows with each row, and undo it all."""
    counts = []

    def count(execute, sql, *arguments):
        counts[-1] += "SAVEPOINT" not in sql
        return execute(sql, *arguments)

    for rows in (people[:2], people[:12]):
        counts.append(0)
        with transaction.atomic():
            if not again:
                User.objects.all().delete()
            with connection.execute_wrapper(count):
                run(rows)
            transaction.set_rollback(True)
    return (counts[1] - counts[0]) / 10


def insert(people):
    """Write what an import writes, by hand, in one transaction."""
    groups = list(Group.objects.filter(name__in=["User", "Sellers"]).values_list("pk", flat=True))
    department = Department.objects.get().pk
    users = [(f"!{p['username']}", p["username"], p["email"]) for p in people]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO staff_user (password, username, email, first_name, last_name, is_staff,"
            " is_active, is_superuser, date_joined)"
            " VALUES (%s, %s, %s, 'First', 'Last', false, true, false, CURRENT_TIMESTAMP)",
            users,
        )
        cursor.execute("SELECT id FROM staff_user")
        made = [pk for (pk,) in cursor.fetchall()]
        cursor.executemany(
            "INSERT INTO staff_profile (user_id, department_id, staff_number, job_title, phone,"
            " location, photo, leaving_note, was_inactive)"
            " VALUES (%s, %s, %s, 'Clerk', '', '', '', '', false)",
            [(pk, department, str(pk)) for pk in made],
        )
        cursor.executemany(
            "INSERT INTO staff_user_groups (user_id, group_id) VALUES (%s, %s)",
            [(pk, group) for pk in made for group in groups],
        )


def create(people):
    with transaction.atomic():
        for row in people:
            User.objects.create(username=row["username"], email=row["email"])


def import_stock(people):
    resource = modelresource_factory(
        User, meta_options={"fields": FIELDS, "import_id_fields": ["username"]}
    )
    rows = [[row[name] for name in FIELDS] for row in people]
    resource().import_data(tablib.Dataset(*rows, headers=FIELDS), raise_errors=True)


def rehearse(people):
    import_people(people, dry_run=True)


def import_people(people, dry_run=False):
    names = [name for name in COLUMNS if name in people[0]]
    table = tablib.Dataset(headers=[COLUMNS[name] for name in names])
    table.extend([row[name] for name in names] for row in people)
    result = PeopleResource().import_data(table, dry_run=dry_run)
    if result.has_errors() or result.has_validation_errors():
        raise RuntimeError(result.rows[0].problems)
