import pytest
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS

from documents.models import Document, Post
from documents.tests.factories import make_document, make_post
from intranet.outbox.models import Notice
from intranet.trace import deletions
from intranet.trace.changes import CASCADED, TRACKED, names_of, untracked_rows
from intranet.trace.models import Change
from staff.models import Profile, User
from staff.tests.factories import make_department, make_user

pytestmark = pytest.mark.django_db


def test_who_loses_two_at_once_is_written_down_once_with_both():
    user, groups = make_user("ada"), [Group.objects.create(name=name) for name in ("A", "B")]
    user.groups.add(*groups)
    keys = sorted(str(it.pk) for it in groups)

    Group.objects.filter(name__in=["A", "B"]).delete()

    lost = Change.objects.get(content_type__model="user", object_key=user.pk, cause=CASCADED)
    assert sorted(lost.values["groups"]["removed"]) == ["A", "B"]
    assert sorted(lost.keys["groups"]["removed"]) == keys


def test_what_is_led_to_by_another_key_is_called_by_that(monkeypatch):
    """As a foreign key with `to_field` does; here the key alone is given back as such."""
    ada, department = make_user("ada"), make_department("Lab")
    read = deletions.losses

    def by_username(model, keys, using):
        for by, found in read(model, keys, using):
            for loss in found:
                loss.held = {"head": "by its user name"}
            yield by, found

    department.head = ada
    department.save()
    monkeypatch.setattr(deletions, "losses", by_username)

    ada.delete()

    lost = Change.objects.get(object_name="Lab", cause=CASCADED)
    assert lost.values == {"head": ["by its user name", None]}


@pytest.mark.parametrize("model", [it for it in TRACKED if TRACKED[it].named_by])
def test_a_column_that_names_rows_is_what_they_are_called(model):
    row = model(**{TRACKED[model].named_by: "As in the column"})

    assert str(row) == "As in the column"


def test_a_column_names_rows_without_loading_them(django_assert_num_queries):
    post = make_post(title="Canteen")

    with django_assert_num_queries(1) as asked:
        assert names_of(Post, [post.pk], "default") == {post.pk: "Canteen"}
    assert "body" not in asked[0]["sql"]


def test_rows_reached_by_a_cascade_are_asked_about_together(monkeypatch):
    """As if every row had others that lose something by it."""
    people, asked = [make_user() for _ in range(3)], []
    for user in people:
        make_document(user)
    monkeypatch.setattr(deletions, "losing", lambda model: (model,))
    monkeypatch.setattr(
        deletions, "losses", lambda model, keys, using: asked.append((model, len(keys))) or []
    )

    User.objects.filter(pk__in=[it.pk for it in people]).delete()

    assert sorted(asked, key=str) == [(Document, 3), (Profile, 3), (User, 3)]


def test_rows_without_a_history_are_counted_with_separators():
    (entry,) = untracked_rows({Notice: 5000}, DEFAULT_DB_ALIAS)

    assert entry.object_name == "5,000 notices"
