import time

import tablib
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext
from import_export.resources import modelresource_factory
from tqdm import tqdm

from intranet.trace.effects import all_paused
from staff.exchange import COLUMNS, PeopleResource
from staff.models import Department, User

HEAD = "| way | rows a second | times raw SQL | queries a row |\n| --- | ---: | ---: | ---: |"


class Command(BaseCommand):
    help = (
        "Measure how many people a second are created and imported, beside raw SQL and stock "
        "django-import-export in the same run. Works on a test database, never the site's."
    )

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=1000)

    def handle(self, *, rows, **options):
        site = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            with all_paused():
                results = measure(rows)
        finally:
            connection.creation.destroy_test_db(site, verbosity=0)
        fastest = results[0][1]
        self.stdout.write(HEAD)
        for way, seconds, queries in results:
            ratio = seconds / fastest
            self.stdout.write(f"| {way} | {rows / seconds:,.0f} | {ratio:.1f} | {queries:.1f} |")


def measure(count: int) -> list[tuple[str, float, float]]:
    """Return (way, seconds, queries a row) for each way of making `count` people."""
    Department.objects.create(name="Sales").groups.add(Group.objects.create(name="Sellers"))
    ways = [
        ("raw SQL: accounts, profiles, groups", insert, "sql"),
        ("User.objects.create()", create, "created"),
        ("stock import-export: accounts only", import_stock, "stock"),
        ("import: accounts, profiles, groups", import_people, "imported"),
        ("import: again, nothing changed", import_people, "imported"),
    ]
    results = []
    for way, run, name in tqdm(ways, disable=None, leave=False):
        rows, few, more = (
            people(*facts) for facts in [(name, count), (f"{name}-", 2), (f"{name}_", 12)]
        )
        start = time.perf_counter()
        run(rows)
        seconds = time.perf_counter() - start
        results.append((way, seconds, (queries(run, more) - queries(run, few)) / 10))
    return results


def people(name: str, count: int) -> list[dict[str, str]]:
    """Return rows for `count` new people, by the names of the columns of an import."""
    return [
        {
            "staff_number": f"{name}{number}",
            "email": f"{name}{number}@example.com",
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "job_title": "Clerk",
            "department": "Sales",
        }
        for number in range(count)
    ]


def queries(run, rows) -> int:
    reset_queries()  # the log is of limited length
    with CaptureQueriesContext(connection) as captured:
        run(rows)
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


@transaction.atomic
def insert(rows):
    """Write what an import writes, by hand."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO staff_user (password, username, email, first_name, last_name, is_staff,"
            " is_active, is_superuser, date_joined, language)"
            " VALUES ('!', %s, %s, 'First', 'Last', false, true, false, CURRENT_TIMESTAMP, '')",
            [(row["email"], row["email"]) for row in rows],
        )
        cursor.execute(
            "INSERT INTO staff_profile (user_id, department_id, staff_number, job_title, phone,"
            " location, photo, leaving_note) SELECT staff_user.id, staff_department.id, username,"
            " 'Clerk', '', '', '', '' FROM staff_user, staff_department"
            " WHERE staff_user.id NOT IN (SELECT user_id FROM staff_profile)"
        )
        cursor.execute(
            "INSERT INTO staff_user_groups (user_id, group_id)"
            " SELECT staff_user.id, auth_group.id FROM staff_user, auth_group"
            " WHERE auth_group.name IN ('User', 'Sellers') AND staff_user.id NOT IN"
            " (SELECT user_id FROM staff_user_groups)"
        )


@transaction.atomic
def create(rows):
    for row in rows:
        User.objects.create(username=row["email"], email=row["email"])


def import_stock(rows):
    options = {"fields": ["username", "email"], "import_id_fields": ["username"]}
    table = tablib.Dataset(*[[row["email"]] * 2 for row in rows], headers=options["fields"])
    modelresource_factory(User, meta_options=options)().import_data(table, raise_errors=True)


def import_people(rows):
    headers = [str(COLUMNS[name]) for name in rows[0]]
    table = tablib.Dataset(*[list(row.values()) for row in rows], headers=headers)
    result = PeopleResource().import_data(table)
    if result.has_errors() or result.has_validation_errors():
        raise RuntimeError(result.rows[0].problems)
