"""Undoing an action in a shell; test_undo_admin.py does so on its page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.utils.timezone import now

from documents.models import Document
from documents.tests.factories import make_document, make_post, pdf_bytes
from staff.models import Profile, User
from staff.tests.factories import make_department, make_user

from .undoing import act, groups, put, undone

pytestmark = pytest.mark.django_db


class TestFields:
    def test_are_set_back(self):
        ada = make_user("ada", first_name="Ada")
        action = act(lambda: put(ada, first_name="Adele", email="adele@example.com"))

        undone(action)

        ada.refresh_from_db()
        assert (ada.first_name, ada.email) == ("Ada", "ada@example.com")

    def test_changed_since_stay_and_are_listed(self):
        ada = make_user("ada", first_name="Ada", last_name="Lee")
        action = act(lambda: put(ada, first_name="Adele", last_name="Berg"))
        put(ada, first_name="Ida")

        left = undone(action)

        ada.refresh_from_db()
        assert (ada.first_name, ada.last_name) == ("Ida", "Lee")
        assert left == "Stays as it is, changed since: Ida Berg (First name)"

    def test_changed_twice_are_what_they_were_at_first(self):
        ada = make_user("ada", first_name="Ada")
        action = act(lambda: [put(ada, first_name=name) for name in ("Adele", "Ida")])

        undone(action)

        ada.refresh_from_db()
        assert ada.first_name == "Ada"

    def test_of_every_kind_are_exactly_what_they_were(self):
        day = now() - timedelta(days=2, microseconds=123)
        post = make_post("Party", publish_at=day, pinned=True, expires_at=day + timedelta(days=9))
        action = act(lambda: put(post, publish_at=now(), pinned=False, expires_at=None))

        undone(action)

        post.refresh_from_db()
        assert (post.publish_at, post.pinned) == (day, True)
        assert post.expires_at == day + timedelta(days=9)

    def test_that_led_to_what_is_gone_stay(self):
        ada, bob, cleo = make_user("ada"), make_user("bob"), make_user("cleo")
        put(ada.profile, manager=bob)
        action = act(lambda: put(ada.profile, manager=cleo, phone="1"))
        bob.delete()

        left = undone(action)

        assert Profile.objects.get(user=ada).manager == cleo
        assert "Stays as it is, what was there before is gone: ada (Manager)" in left

    def test_taken_by_somebody_else_stay(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, email="new@example.com", first_name="Ada"))
        make_user("bob", email="ada@example.com")

        left = undone(action)

        ada.refresh_from_db()
        assert (ada.email, ada.first_name) == ("new@example.com", "")
        assert "does not fit by now: " in left
        assert "(E-mail address)" in left

    def test_of_secrets_are_not_undone(self):
        ada = make_user("ada", first_name="Ada")
        hashed = ada.password
        ada.set_password("other")
        action = act(lambda: put(ada, first_name="Adele", password=ada.password))
        ada.refresh_from_db()

        left = undone(action)

        assert User.objects.get(pk=ada.pk).password == ada.password != hashed
        assert "nobody knows what was there before" in left

    def test_saved_through_the_person_are_set_back(self):
        ada = make_user("ada")

        def save():
            ada.profile.phone = "123"
            ada.save()

        undone(act(save))

        assert Profile.objects.get(user=ada).phone == ""

    def test_of_a_file_that_is_gone_stay(self, django_capture_on_commit_callbacks):
        paper = make_document(make_user("ada"), title="CV")
        new = make_document(paper.owner, content=pdf_bytes("new")).file.name
        with django_capture_on_commit_callbacks(execute=True):
            action = act(lambda: put(paper, file=new, title="New CV"))

        left = undone(action)

        paper.refresh_from_db()
        assert (paper.file.name, paper.title) == (new, "CV")
        assert "what was there before is gone" in left

    @pytest.mark.parametrize("grace", [0, 3600])
    def test_of_a_file_come_back_with_it_or_stay(
        self, grace, settings, django_capture_on_commit_callbacks
    ):
        settings.FILE_REMOVAL_GRACE = grace
        paper = make_document(make_user("ada"), name="old.pdf")
        before = Document.objects.values().get()
        with django_capture_on_commit_callbacks(execute=True):
            new = ContentFile(pdf_bytes("new"), name="new.pdf")
            action = act(lambda: put(paper, file=new, original_name="", title="New"))

        with django_capture_on_commit_callbacks(execute=True):
            undone(action)

        after = Document.objects.values().get()
        kept = {"file", "original_name", "size", "sha256"}
        assert {name for name in kept if after[name] != before[name]} == (set() if grace else kept)
        assert (after["title"], after["original_name"]) == ("", "old.pdf" if grace else "new.pdf")
        assert paper.file.storage.exists(after["file"])


class TestGroups:
    def test_given_are_taken_back_and_those_taken_given(self):
        ada = make_user("ada", roles=["HR"])
        hr, editors = (Group.objects.get(name=name) for name in ("HR", "Editors"))
        action = act(lambda: [ada.groups.add(editors), ada.groups.remove(hr)])

        undone(action)

        assert groups(ada) == {"HR"}

    def test_taken_since_stay_so(self):
        ada, bob = make_user("ada"), make_user("bob")
        editors = Group.objects.get(name="Editors")
        action = act(lambda: editors.user_set.add(ada, bob))
        ada.groups.clear()

        undone(action)

        assert (groups(ada), groups(bob)) == (set(), set())

    def test_of_a_department_follow(self):
        lab = make_department("Lab")
        ada = make_user("ada", department=lab)
        action = act(lambda: lab.groups.add(Group.objects.get(name="HR")))
        assert groups(ada) == {"HR"}

        undone(action)

        assert groups(ada) == set()

    def test_somebody_had_before_stay_theirs(self):
        lab = make_department("Lab", groups=["HR"])
        ada = make_user("ada", roles=["HR"])
        action = act(lambda: put(ada.profile, department=lab))

        undone(action)

        assert Profile.objects.get(user=ada).department is None
        assert groups(ada) == {"HR"}

    def test_that_came_since_with_the_department_go_with_it(self):
        lab = make_department("Lab")
        ada = make_user("ada")
        action = act(lambda: put(ada.profile, department=lab))
        lab.groups.add(Group.objects.get(name="HR"))

        undone(action)

        assert groups(ada) == set()

    def test_are_derived_anew_where_the_department_lost_them_since(self):
        lab = make_department("Lab", groups=["HR"])
        ada = make_user("ada", department=lab)
        action = act(lambda: put(ada.profile, department=None))
        lab.groups.clear()

        undone(action)

        assert Profile.objects.get(user=ada).department == lab
        assert groups(ada) == set()

    def test_stay_with_whoever_moved_on(self):
        lab, hq = make_department("Lab", groups=["HR"]), make_department("HQ", groups=["HR"])
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [put(it.profile, department=lab) for it in (ada, bob)])
        put(ada.profile, department=hq)

        left = undone(action)

        assert (groups(ada), groups(bob)) == ({"HR"}, set())
        assert left == "Stays as it is, changed since: ada (Department)"

    def test_an_audience_that_is_gone_does_not_become_everybody(self):
        lab, hq = make_department("Lab"), make_department("HQ")
        post = make_post(audience=[lab])
        action = act(lambda: [post.audience.set([hq]), put(post, title="For all at HQ")])
        lab.delete()

        undone(action)

        assert set(post.audience.all()) == {hq}
