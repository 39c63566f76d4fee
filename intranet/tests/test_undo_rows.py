"""Undoing what made rows, or deleted posts."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils.timezone import now

from documents.models import Document, Post
from documents.tests.factories import make_document, make_post
from intranet.outbox.models import Mail, Notice
from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.trace.undo import undo
from intranet.vetoes import Veto
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.tables import run

from .undoing import act, groups, put, undone

pytestmark = pytest.mark.django_db


class TestCreated:
    def test_rows_are_deleted(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A", "b@example.com,B"))

        undone(action)

        assert not User.objects.exists()

    def test_rows_changed_since_stay(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B", "c@example.com,C"
        action = act(lambda: run(*lines))
        put(User.objects.get(last_name="B"), first_name="Bea")
        put(Profile.objects.get(user__last_name="C"), phone="1")

        left = undone(action)

        assert set(User.objects.values_list("last_name", flat=True)) == {"B", "C"}
        assert left == "Stays as it is, changed since: Bea B, C"

    def test_rows_changed_since_and_back_are_deleted(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A"))
        change = act(lambda: put(User.objects.get(), first_name="Ada"))
        undone(change)

        undone(action)

        assert not User.objects.exists()

    def test_rows_changed_back_and_forth_stay(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A"))
        undone(act(lambda: put(User.objects.get(), first_name="Ada")))
        undone(Action.objects.latest("at"))

        with pytest.raises(Veto, match="changed since: Ada A"):
            undone(action)

    def test_rows_used_since_stay(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B", "c@example.com,C"
        action = act(lambda: run(*lines))
        make_document(User.objects.get(last_name="A"))
        make_post(author=User.objects.get(last_name="B"))

        undone(action)

        assert set(User.objects.values_list("last_name", flat=True)) == {"A", "B"}
        assert Document.objects.exists()

    def test_a_group_that_was_given_since_stays(self):
        action = act(lambda: Group.objects.create(name="Club"))
        make_user("ada").groups.add(Group.objects.get(name="Club"))

        with pytest.raises(Veto, match="nothing left to undo"):
            undone(action)

        assert Group.objects.filter(name="Club").exists()

    def test_with_whom_was_moved_there(self):
        ada = make_user("ada")
        action = act(lambda: put(ada.profile, department=make_department("Lab", groups=["HR"])))

        undone(action)

        assert not Department.objects.exists()
        assert groups(ada) == set()
        assert Profile.objects.get(user=ada).department is None

    def test_profiles_are_never_deleted_by_themselves(self):
        ada = make_user("ada")
        Profile.objects.filter(user=ada)._raw_delete("default")
        action = act(lambda: [Profile.objects.create(user=ada), put(ada, first_name="Ada")])

        undone(action)

        assert User.objects.filter(pk=ada.pk).exists()

    def test_welcome_mails_that_wait_are_withdrawn_and_nobody_is_bid_farewell(self):
        make_superuser()
        action = act(lambda: run("E-mail,Last name", "a@example.com,A", welcome=True))
        assert Mail.objects.filter(to="a@example.com").exists()

        undone(action)

        assert not Mail.objects.filter(to="a@example.com").exists()
        assert Notice.objects.filter(message__contains="deleted A").exists()

    def test_mails_that_went_out_are_named(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A", welcome=True))
        Mail.objects.filter(to="a@example.com").update(status="sent")

        assert "to a@example.com (sent)" in undone(action)

    def test_whoever_stays_keeps_their_welcome(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B"
        action = act(lambda: run(*lines, welcome=True))
        put(User.objects.get(last_name="A"), first_name="Ada")

        undone(action)

        mails = Mail.objects.filter(to__in=["a@example.com", "b@example.com"])
        assert [it.to for it in mails] == ["a@example.com"]


class TestDeletedPosts:
    @pytest.fixture
    def post(self):
        lab, ann = make_department("Lab"), make_user("ann")
        facts = {"body": "<h2>Hi</h2><p>All &amp; sundry</p>", "pinned": True, "ends": 99}
        mailed = {"mail_audience": True, "mailed_at": now()}
        return make_post("Party", audience=[lab], author=ann, **facts, **mailed)

    def test_come_back_exactly_as_they_were(self, post):
        before = Post.objects.values().get()
        action = act(Post.objects.all().delete)

        assert undone(action) == ""

        assert Post.objects.values().get() == before
        assert [it.name for it in Post.objects.get().audience.all()] == ["Lab"]

    def test_come_back_together(self, post):
        make_post("Picnic")
        action = act(Post.objects.all().delete)

        undone(action)

        assert set(Post.objects.values_list("title", flat=True)) == {"Party", "Picnic"}

    def test_are_not_mailed_again(self, post):
        undone(act(Post.objects.all().delete))

        assert not Post.objects.due_for_mail()

    def test_come_back_once(self, post):
        action = act(post.delete)
        undone(action)
        Post.objects.all().delete()

        with pytest.raises(Veto, match="undone already"):
            undone(action)

        assert not Post.objects.exists()

    def test_come_back_without_author_and_audience_that_are_gone(self, post):
        post.audience.add(make_department("HQ"))
        action = act(post.delete)
        User.objects.get(username="ann").delete()
        Department.objects.get(name="Lab").delete()

        left = undone(action)

        post = Post.objects.get()
        assert (post.author, post.audience_text, post.status) == (None, "HQ", "live")
        assert left == "Comes back without what is gone: Party (ann), Party (Lab)"

    @pytest.mark.parametrize("starts", [-1, 50])
    def test_are_not_for_everybody_when_the_whole_audience_is_gone(self, post, starts):
        put(post, publish_at=now() + timedelta(hours=starts), mailed_at=None)
        action = act(post.delete)
        Department.objects.all().delete()

        left = undone(action)

        assert Post.objects.get().status == "ended"
        assert "Comes back as one that has ended" in left

    def test_can_be_deleted_again_by_undoing_that(self, post):
        undone(act(post.delete))

        undone(Action.objects.latest("at"))

        assert not Post.objects.exists()

    def test_do_not_come_back_after_a_rollback(self, post):
        action = act(post.delete)

        with pytest.raises(RuntimeError), begin(None), batched():
            undo(action)
            raise RuntimeError

        action.refresh_from_db()
        assert not Post.objects.exists()
        assert action.undone_by is None
