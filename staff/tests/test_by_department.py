"""People sorted by department or job, of whom there are many."""

import pytest
from django.contrib import admin
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intranet.admin import keys_first
from staff.admin import by_department
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(monkeypatch):
    """Eleven people, one of them without department and with a page for every three."""
    monkeypatch.setattr(keys_first, "FEW", 10)
    page = admin.site.get_model_admin(User)
    monkeypatch.setattr(page, "list_per_page", 3)
    departments = [make_department(name) for name in ("Sales", "Lab", "Bar", "Empty")]
    for number in range(10):
        make_user(f"u{number}", department=departments[number % 3], last_name=f"N{number % 2}")
    make_superuser()
    Profile.objects.filter(user__username__in=["u1", "u2", "u7"]).update(job_title="Baker")
    return page


@pytest.fixture
def read(people, rf):
    """Return what reads a page, and the whole list in the order of its query."""

    def read(**query):
        request = rf.get("/", query)
        request.user = User.objects.get(username="root")
        request._messages = CookieStorage(request)
        shown = people.get_changelist_instance(request)
        return list(shown.result_list), list(shown.queryset)

    return read


@pytest.mark.parametrize("few", [10, 4, 0])
@pytest.mark.parametrize("has_none", [False, True])
@pytest.mark.parametrize("order", ["2", "-2", "2.1", "3", "-3", "3.1", "-3.1", "-3.-1"])
def test_are_in_the_order_of_the_list(read, monkeypatch, order, has_none, few):
    if has_none:
        Profile.objects.filter(user__username__in=["u4", "u9"])._raw_delete("default")
    monkeypatch.setattr(keys_first, "FEW", few)

    pages = [read(o=order, p=number) for number in (1, 2, 3, 4)]

    assert [row for shown, _ in pages for row in shown] == pages[0][1]


@pytest.mark.parametrize("order", ["3", "-3"])
@pytest.mark.parametrize("page", [1, 4])
def test_are_read_one_department_after_the_other(read, order, page):
    with CaptureQueriesContext(connection) as asked:
        read(o=order, p=page)

    sorting = [it["sql"] for it in asked if '"staff_department"."name"' in it["sql"]]
    assert sorting
    assert not [it for it in sorting if "staff_user" in it and "LIMIT" in it]


def test_are_sorted_at_once_where_departments_are_many(read, monkeypatch):
    monkeypatch.setattr(by_department, "MANY", 3)

    with CaptureQueriesContext(connection) as asked:
        shown, everybody = read(o="3")

    assert shown == everybody[:3]
    assert [it for it in asked if 'ORDER BY "staff_department"."name"' in it["sql"]][1:]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads what SQLite says of a query")
@pytest.mark.parametrize("name", ["department__name", "job_title"])
def test_are_found_by_an_index(people, name):
    rows = User.objects.order_by(f"profile__{name}", "pk")

    for part in people.in_parts(rows):
        assert "TEMP B-TREE" not in part.explain()


@pytest.mark.parametrize("few", [10, 11])
def test_are_in_the_order_of_names_within_one_where_they_are_few(read, monkeypatch, few):
    monkeypatch.setattr(keys_first, "FEW", few)
    of_sales = [f"u{number}" for number in (0, 6, 3, 9)]  # N0, N0, N1, N1

    _, everybody = read(o="3")

    shown = [it.username for it in everybody if it.username in of_sales]
    assert shown == (of_sales if few == 11 else sorted(of_sales))
