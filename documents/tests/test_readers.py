"""Who has acknowledged a post: a list that is sorted and counted without asking each person."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.acknowledging import with_state
from documents.admin import readers
from documents.models import Acknowledgement, Reader
from documents.tests.factories import make_post
from intranet.admin import keys_first
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/documents/reader/"


@pytest.fixture
def post(client, monkeypatch):
    """A post for two departments: nine people, some of whom acknowledged this text or another."""
    monkeypatch.setattr(keys_first, "FEW", 4)
    for module in (keys_first, readers):
        monkeypatch.setattr(module, "FILTERED", 1)
    monkeypatch.setattr(admin.site.get_model_admin(Reader), "list_per_page", 2)
    client.force_login(make_superuser())
    audience = [make_department(name) for name in ("Sales", "Lab")]
    post = make_post("Fire drill", audience=audience, asks_acknowledgement=True)
    for number in range(9):
        person = make_user(
            f"u{number}", department=audience[number % 2], last_name=f"N{number % 4}"
        )
        if number % 3:
            version = post.version if number % 2 else "another"
            at = timezone.now() - timedelta(hours=number * 7 % 5)
            Acknowledgement.objects.create(post=post, person=person, version=version, at=at)
    outside = make_user("outside", department=make_department("Bar"))
    for other in (outside, None):
        Acknowledgement.objects.create(post=post, person=other, version=post.version)
    Acknowledgement.objects.create(post=make_post("Other"), person=outside, version="x")
    make_user("off", department=audience[0], is_active=False)
    return post


def pages(client, **query):
    """Return the rows of all pages, and the list."""
    rows, number = [], 1
    while True:
        shown = client.get(LIST, query | {"p": number}).context["cl"]
        rows += shown.result_list
        if number >= shown.paginator.num_pages:
            return rows, shown
        number += 1


@pytest.mark.parametrize("column", [0, 1, 2, 3])
@pytest.mark.parametrize("sign", ["", "-"])
def test_each_is_on_one_page_in_the_order_that_was_asked_for(client, post, column, sign):
    rows, shown = pages(client, post=post.pk, o=f"{sign}{column}")

    assert len(rows) == 9
    assert rows == list(shown.queryset)


@pytest.mark.parametrize("state", ["yes", "earlier", "no", "nothing"])
def test_those_in_a_state_are_found_and_counted(client, post, state):
    rows, shown = pages(client, post=post.pk, state=state)

    asked = User.objects.active().filter(profile__department__in=post.audience.all())
    told = with_state(asked, post.pk, post.version)
    expected = told.filter(state=state) if state != "nothing" else told
    assert {it.pk for it in rows} == {it.pk for it in expected}
    assert shown.result_count == len(rows) > 1


@pytest.mark.parametrize("query", [{}, {"state": "yes"}, {"state": "no"}, {"o": "1"}, {"o": "-2"}])
def test_nobody_is_asked_for_their_state_who_is_not_shown(client, post, query):
    with CaptureQueriesContext(connection) as asked:
        client.get(LIST, {"post": post.pk} | query)

    keys = [it["sql"] for it in asked if it["sql"].startswith('SELECT "staff_user"."id" AS "pk"')]
    assert len(keys) == 1 or "o" in query
    assert not [it for it in keys if "EXISTS" in it or "CASE" in it]
    counts = [it for it in asked if "__count" in it["sql"] and "acknowledgement" in it["sql"]]
    assert not counts


def test_what_else_is_asked_for_is_counted_as_well(client, post):
    department = post.audience.get(name="Lab").pk

    query = {"state": "no", "profile__department__id__exact": department}
    shown = client.get(LIST, {"post": post.pk} | query).context["cl"]

    assert shown.result_count == shown.queryset.count() == 1
