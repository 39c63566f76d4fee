"""What is undone once, what is not undone, and how far an undoing is."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate, now

from documents.tests.factories import make_post
from intranet import progress
from intranet.outbox.models import Mail
from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.trace.undo import can_be_restored, can_be_undone, undo
from intranet.vetoes import Veto
from staff import leaving, sessions
from staff.models import Department, Profile
from staff.superusers import LastSuperuserError
from staff.tests.factories import make_user

from .undoing import act, put, undone

pytestmark = pytest.mark.django_db


class TestOnce:
    def test_and_no_more(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))
        undone(action)
        put(ada, first_name="Ada")

        with pytest.raises(Veto, match="undone already"):
            undone(action)

        ada.refresh_from_db()
        assert ada.first_name == "Ada"

    def test_is_noted_with_the_action_that_did_it(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))

        undone(action)

        action.refresh_from_db()
        assert action.undone_by == Action.objects.latest("at").pk

    def test_can_itself_be_undone(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))
        undone(action)

        undone(Action.objects.latest("at"))

        ada.refresh_from_db()
        assert ada.first_name == "Ada"

    def test_leaves_nothing_after_a_rollback(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))

        with pytest.raises(RuntimeError), begin(None), batched():
            undo(action)
            raise RuntimeError

        ada.refresh_from_db()
        action.refresh_from_db()
        assert (ada.first_name, action.undone_by) == ("Ada", None)


class TestNotEverything:
    def test_a_leaving_is_not_undone(self):
        ada = make_user("ada")
        action = act(lambda: leaving.plan(ada, localdate()))

        with pytest.raises(Veto, match="Bring back"):
            undone(action)

        ada.refresh_from_db()
        assert not ada.is_active

    def test_a_leaving_that_is_planned_is(self):
        ada = make_user("ada")
        action = act(lambda: leaving.plan(ada, localdate() + timedelta(days=9)))

        undone(action)

        assert Profile.objects.get(user=ada).left_on is None

    def test_sessions_that_ended_stay_so(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, is_active=False))
        ada.refresh_from_db()
        ended = ada.sessions_ended_at

        left = undone(action)

        ada.refresh_from_db()
        assert ada.is_active
        assert ada.sessions_ended_at == ended is not None
        assert "Stays so, sessions that ended" in left

    def test_signing_out_everywhere_is_not_undone(self):
        ada = make_user("ada")

        with pytest.raises(Veto, match="nothing left"):
            undone(act(lambda: sessions.end(ada)))

    def test_the_last_superuser_stays_one(self):
        root = make_user("root")
        action = act(lambda: put(root, is_superuser=True))

        with pytest.raises(LastSuperuserError):
            undone(action)

    @pytest.mark.parametrize("kind", ["created", "changed", "deleted"])
    def test_what_an_old_log_entry_says_without_values_is_not(self, kind):
        post = make_post("Party")
        old = act(lambda: put(post, title="Picnic"))
        old.changes.update(kind=kind, values={}, object_key=post.pk if kind == "created" else 99)

        assert not can_be_undone(old)
        assert not can_be_restored(old)
        with pytest.raises(Veto, match="nothing left to undo"):
            undone(old)

    def test_deleted_people_stay_deleted(self):
        ada = make_user("ada", last_name="Lee")
        make_post("Party", author=ada)

        with pytest.raises(Veto, match="Stays deleted: Lee"):
            undone(act(ada.delete))

    def test_farewells_to_those_who_stay_deleted_stay(self):
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [ada.delete(), put(bob, first_name="Bob")])

        undone(action)

        assert Mail.objects.filter(to="ada@example.com", template="farewell").exists()

    def test_mails_of_a_post_that_was_published_are_named(self):
        post = make_post("Party", starts=9, mail_audience=True)
        action = act(post.publish_now)
        type(post).objects.update(mailed_at=now())

        assert "Party" in undone(action)


class TestProgress:
    def test_counts_the_rows_that_are_set_back(self):
        people = [make_user(name) for name in ("ada", "bob", "cleo")]
        action = act(lambda: [put(person, first_name="Nobody") for person in people])

        with progress.counting(now := progress.Progress()):
            undo(action)

        assert (now.done, now.total, str(now.doing)) == (3, 3, "Undoing")

    def test_counts_the_rows_that_are_deleted_again(self):
        action = act(lambda: [Department.objects.create(name=name) for name in ("Lab", "Shop")])

        with progress.counting(now := progress.Progress()):
            undo(action)

        assert (now.done, now.total, str(now.doing)) == (2, 4, "Undoing")

    def test_counts_the_rows_that_come_back(self):
        action = act(make_post().delete)

        with progress.counting(now := progress.Progress()):
            undo(action)

        assert (now.done, now.total, str(now.doing)) == (1, 1, "Undoing")
