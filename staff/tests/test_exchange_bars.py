"""What an import promises for a whole organisation."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intranet.outbox.models import Mail
from staff.exchange import resource
from staff.models import Profile, User

from .factories import make_department, make_user
from .tables import problems, run

pytestmark = pytest.mark.django_db

HEADER = "Staff number,E-mail,First name,Last name,Job,Department,Manager,Start date,Groups"


QUERIES_PER_BATCH = 7  # docs/import.md says so


def people(count, first=0, bad=()):
    """Return a row for each of `count` people; those numbered in `bad` start on no day at all."""
    return [
        f"{n},p{n}@example.com,First{n},Last{n},Clerk,Sales,p{first}@example.com,"
        f"{'31.2.2026' if n in bad else '2026-01-31'},Choir"
        if n > first
        else f"{n},p{n}@example.com,First{n},Last{n},Head,Sales,,2026-01-31,Choir"
        for n in range(first, first + count)
    ]


@pytest.fixture
def sales():
    make_department("Elsewhere", groups=["Choir"])
    return make_department("Sales", groups=["Sellers"])


def queries(rows, **options):
    ContentType.objects.clear_cache()  # else the first run in a process takes more than the next
    with CaptureQueriesContext(connection) as captured:
        assert problems(run(HEADER, *rows, **options)) == []
    history = 'INTO "intranet_change"'  # of a hundred rows at once
    return len([q for q in captured if "SAVEPOINT" not in q["sql"] and history not in q["sql"]])


@pytest.mark.slow
class TestFiveThousandRows:
    def test_with_one_in_a_hundred_wrong_write_nothing_and_list_all_fifty(self, sales):
        bad = range(100, 5001, 100)

        result = run(HEADER, *people(5000, 1, bad), dry_run=True)

        assert [line for line, *_ in problems(result)] == [n + 1 for n in bad]
        assert not User.objects.exists()

    def test_without_a_fault_are_imported_with_profiles_and_groups(self, sales):
        result = run(HEADER, *people(5000))

        assert result.totals["new"] == 5000
        assert Profile.objects.filter(department=sales, started_on="2026-01-31").count() == 5000
        for name in ("User", "Sellers", "Choir"):
            assert User.objects.filter(groups__name=name).count() == 5000
        assert not Mail.objects.exists()


class TestQueries:
    @pytest.mark.parametrize("welcome", [False, True])
    def test_do_not_grow_with_new_rows(self, sales, welcome):
        few, more = (
            queries(people(count, first), welcome=welcome)
            for count, first in ((10, 100), (30, 200))
        )

        assert few == more

    def test_grow_with_each_batch(self, sales, monkeypatch):
        few = queries(people(10, 100))
        monkeypatch.setattr(resource, "BATCH", 5)

        assert queries(people(10, 200)) == few + QUERIES_PER_BATCH

    def test_do_not_grow_with_rows_that_change_nothing(self, sales):
        queries(people(40))

        assert queries(people(10)) == queries(people(40))


class TestOnePerson:
    def test_takes_seven_statements_to_be_made(self):
        make_user()
        with CaptureQueriesContext(connection) as captured:
            User.objects.create_user("ada", "ada@example.com")

        statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        assert len(statements) == 7, statements
