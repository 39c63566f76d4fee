"""Undoing an action on its page: what is shown before is what happens."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.utils.timezone import now

from documents.models import Document, Post
from documents.tests.factories import jpeg_bytes, make_post, pdf_bytes
from intranet.trace.models import Action
from staff.models import Profile, User
from staff.tests.factories import make_department, make_user

from .pages import confirmed, opened, page
from .undoing import act, as_role, ask, confirm, groups, offered, put

pytestmark = pytest.mark.django_db


class TestUndo:
    @pytest.fixture
    def root(self, client):
        return as_role(client, "superuser")

    def test_is_shown_and_then_done(self, client, root):
        ada = make_user("ada", last_name="Lee")
        action = act(lambda: put(ada, last_name="Berg"))

        asked = ask(client, action)
        assert "Last name: Berg → Lee" in asked.content.decode()
        assert User.objects.get(pk=ada.pk).last_name == "Berg"
        confirm(client, asked)

        action.refresh_from_db()
        assert User.objects.get(pk=ada.pk).last_name == "Lee"
        assert Action.objects.get(pk=action.undone_by).actor == root

    def test_says_what_stays(self, client, root):
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [put(it, first_name="X") for it in (ada, bob)])
        put(bob, first_name="Bob")

        text = ask(client, action).content.decode()

        assert "Stays as it is, changed since: Bob (First name)" in text

    def test_asks_again_when_something_changed_meanwhile(self, client, root):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada", last_name="Lee"))
        asked = ask(client, action)
        put(ada, last_name="Berg")

        again = confirm(client, asked)

        assert "What is different from what you saw" in again.content.decode()
        assert User.objects.get(pk=ada.pk).first_name == "Ada"

    def test_is_offered_until_it_is_done(self, client, root):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))
        assert offered(client, action) == ["Undo"]

        confirm(client, ask(client, action))

        assert offered(client, action) == []
        assert offered(client, Action.objects.get(pk=Action.objects.get(pk=action.pk).undone_by))

    def test_twice_is_refused(self, client, root):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))
        asked = ask(client, action)
        confirm(client, asked)
        put(ada, first_name="Ada")

        confirm(client, asked)

        assert User.objects.get(pk=ada.pk).first_name == "Ada"

    def test_leads_from_each_to_the_other(self, client, root):
        action = act(lambda: put(make_user("ada"), first_name="Ada"))
        confirm(client, ask(client, action))
        undo = Action.objects.get(pk=Action.objects.get(pk=action.pk).undone_by)

        assert page(undo) in client.get(page(action)).content.decode()
        assert page(action) in client.get(page(undo)).content.decode()

    def test_is_not_offered_for_what_stays_deleted(self, client, root):
        assert offered(client, act(make_user("ada").delete)) == []

    def test_a_bulk_move_is_shown_with_the_rights_it_takes(self, client, root):
        lab = make_department("Lab", groups=["HR"])
        people = [make_user(name) for name in ("ada", "bob")]
        action = act(lambda: [put(it.profile, department=lab) for it in people])

        asked = ask(client, action)
        assert "Rights: Lost: the group HR: ada, bob" in asked.context["plan"].lines
        confirm(client, asked)

        assert not Profile.objects.filter(department=lab)
        assert [groups(it) for it in people] == [set(), set()]

    def test_rehearsing_it_leaves_nothing(self, client, root):
        action = act(lambda: make_user("ada"))

        ask(client, action)

        action.refresh_from_db()
        assert User.objects.filter(username="ada").exists()
        assert action.undone_by is None


class TestRestore:
    def test_brings_posts_back(self, client):
        as_role(client, "Editors")
        make_post("Party"), make_post("Picnic")
        action = act(Post.objects.all().delete)

        asked = ask(client, action, "restore")
        assert offered(client, action) == ["Restore"]
        assert "2 posts" in asked.content.decode()
        confirm(client, asked)

        assert set(Post.objects.values_list("title", flat=True)) == {"Party", "Picnic"}
        assert offered(client, action) == []

    def test_takes_the_right_to_add_posts(self, client):
        as_role(client, "Editors")
        Group.objects.get(name="Editors").permissions.remove(
            Permission.objects.get(codename="add_post")
        )
        make_post("Party")
        action = act(Post.objects.all().delete)

        confirm(client, ask(client, action, "restore"))

        assert not Post.objects.exists()

    def test_is_not_for_readers(self, client):
        as_role(client)
        make_post("Party")
        action = act(Post.objects.all().delete)

        assert ask(client, action, "restore").status_code in (302, 403, 404)


class TestPublishing:
    def test_is_undone_by_editors(self, client):
        as_role(client, "Editors")
        post = make_post("Party", starts=9)
        action = act(post.publish_now)

        confirm(client, ask(client, action))

        assert Post.objects.get().publish_at > now() + timedelta(hours=8)


class TestForms:
    """What a form did in one go is undone in one go."""

    @pytest.fixture(autouse=True)
    def root(self, client):
        return as_role(client, "superuser")

    def test_that_added_a_person_with_a_paper(self, client):
        add, paper = "/admin/staff/user/add/", ContentFile(pdf_bytes(), name="cv.pdf")
        person = {"first_name": "Ada", "email": "ada@example.com", "documents-0-kind": "cv"}
        form = opened(client, add, **person)
        form["groups"] = [*form.get("groups", []), Group.objects.get(name="HR").pk]
        confirmed(client, add, form | {"documents-0-file": paper})
        assert Document.objects.get().owner.first_name == "Ada"

        confirm(client, ask(client, newest()))

        assert not User.objects.filter(first_name="Ada")
        assert not Document.objects.exists()

    def test_that_changed_everything_of_a_person(self, client):
        lab = make_department("Lab", groups=["Editors"])
        ada = make_user("ada", roles=["HR"], last_name="Lee")
        before = state(ada)
        url = f"/admin/staff/user/{ada.pk}/change/"
        photo = ContentFile(jpeg_bytes(), name="me.jpg")
        changed = {"last_name": "Berg", "is_active": None, "groups": [], "profile-0-phone": "1"}
        form = opened(client, url, **changed, **{"profile-0-department": lab.pk})
        confirmed(client, url, form | {"profile-0-photo": photo})
        assert state(ada) != before

        confirm(client, ask(client, newest()))

        assert state(ada) == before

    def test_that_gave_a_department_groups_and_a_head(self, client):
        lab = make_department("Lab", groups=["Editors"])
        ada, bob = make_user("ada", department=lab), make_user("bob", department=lab, roles=["HR"])
        url, hr = f"/admin/staff/department/{lab.pk}/change/", Group.objects.get(name="HR").pk
        confirmed(client, url, opened(client, url, groups=[hr], head=ada.pk, name="Labs"))
        assert groups(ada) == groups(bob) == {"HR"}

        confirm(client, ask(client, newest()))

        lab.refresh_from_db()
        assert (groups(ada), groups(bob)) == ({"Editors"}, {"Editors", "HR"})
        assert (lab.name, lab.head) == ("Lab", None)


def newest():
    """Return the newest action that somebody did on a page."""
    return Action.objects.exclude(actor=None).latest("at")


def state(user):
    rows = [User.objects.filter(pk=user.pk), Profile.objects.filter(user=user)]
    ended = {"sessions_ended_at", "photo"}
    values = [{k: v for k, v in it.values().get().items() if k not in ended} for it in rows]
    return values, bool(Profile.objects.get(user=user).photo), groups(user)
