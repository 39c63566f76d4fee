"""How many actions the list "History" has, however many those are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from documents.models import Post
from documents.tests.factories import make_post
from intranet.admin import actions, keys_first
from intranet.trace.models import Action

from .undoing import act, as_role

pytestmark = pytest.mark.django_db
LIST = "/admin/intranet/action/"


@pytest.fixture(autouse=True)
def two_are_many(monkeypatch):
    monkeypatch.setattr(keys_first, "FILTERED", 1)
    monkeypatch.setattr(actions, "FILTERED", 1)


def counted(client, **query):
    """Return the list, and the statements that count its rows."""
    with CaptureQueriesContext(connection) as asked:
        shown = client.get(LIST, query).context["cl"]
    assert shown.result_count == shown.queryset.count() == len(shown.result_list) > 0
    counts = [it["sql"] for it in asked if it["sql"].startswith("SELECT COUNT(")]
    return [it for it in counts if "intranet_change" in it]


@pytest.mark.parametrize("viewer", ["superuser", "HR", "Editors"])
@pytest.mark.parametrize("of", ["", "documents.post", "no.model"])
def test_those_of_a_kind_are_counted_by_their_changes(client, viewer, of):
    post = make_post("Party", author=as_role(client, viewer))
    for title in ("A", "B"):
        post.title = title
        act(post.save)
    act(Post.objects.create(title="Other", body="x").delete)

    counts = counted(client, kind="changed", of=of)

    assert [it.startswith("SELECT COUNT(*) FROM (SELECT DISTINCT") for it in counts] == [True]


def test_what_else_is_asked_for_is_counted_as_well(client):
    as_role(client, "superuser")
    old, *_ = [act(lambda: make_post("Party")) for _ in range(3)]
    Action.objects.filter(pk=old.pk).update(at="2020-01-01T12:00:00Z")

    counts = counted(client, kind="created", at_from="01/01/2021")

    assert not [it for it in counts if "DISTINCT" in it]
