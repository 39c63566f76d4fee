"""Leaving that fails, and leaving of somebody who could not sign in before."""

from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models.signals import pre_save
from django.urls import reverse
from django.utils import timezone

from intranet import troubles
from intranet.models import Trouble
from intranet.outbox.models import Mail, Notice
from intranet.tests.pages import confirmed
from intranet.troubles import Noted
from intranet.vetoes import Veto
from staff import leaving
from staff.models import Profile, User
from staff.receivers import let_leavers_go
from staff.signals import staff_left
from staff.tests.factories import day, make_superuser, make_user
from staff.tests.rows import group_names

pytestmark = pytest.mark.django_db


@contextmanager
def troubled_by(person, error=ZeroDivisionError("boom")):  # noqa: B008
    """Let a receiver of `staff_left` raise when this person leaves."""

    def fail(user, **kwargs):
        if user == person:
            raise error

    staff_left.connect(fail)
    try:
        yield
    finally:
        staff_left.disconnect(fail)


def work(rounds):
    """Let the worker go some rounds; return how many of them ended in trouble."""
    troubled = 0
    for _ in range(rounds):
        try:
            let_leavers_go(sender=None)
        except Noted:
            troubled += 1
    return troubled


class TestSomebodySuspended:
    """Inactive before they left, for whatever reason."""

    @pytest.fixture
    def suspended(self, ada):
        User.objects.filter(pk=ada.pk).update(is_active=False)
        Mail.objects.all().delete()
        return User.objects.get(pk=ada.pk)

    def test_stays_so_when_brought_back_and_gets_no_mail(self, suspended):
        leaving.plan(suspended, day(0))
        leaving.bring_back(suspended)

        suspended.refresh_from_db()
        assert not suspended.is_active
        assert suspended.profile.departed_at is None
        assert not Mail.objects.filter(to=suspended.email).exists()

    def test_is_not_somebody_whose_first_leaving_failed(self, ada):
        Profile.objects.filter(user=ada).update(left_on=day(0))
        with troubled_by(ada):
            work(1)
        Trouble.objects.update(next_attempt_at=timezone.now())
        work(1)

        leaving.bring_back(ada)

        assert User.objects.get(pk=ada.pk).is_active

    def test_comes_back_active_once_they_were_activated_again(self, suspended):
        leaving.plan(suspended, day(0))
        leaving.bring_back(suspended)
        User.objects.filter(pk=suspended.pk).update(is_active=True)
        leaving.plan(User.objects.get(pk=suspended.pk), day(0))

        leaving.bring_back(suspended)

        assert User.objects.get(pk=suspended.pk).is_active


class TestLeavingThatFails:
    """The first leaver of the day, in the order of the list, is Ada."""

    @pytest.fixture
    def leavers(self, ada):
        people = [ada, *(make_user(name, first_name=name) for name in ("Zoe", "Zora"))]
        Profile.objects.filter(user__in=people).update(left_on=day(0))
        return people

    @pytest.fixture
    def root(self):
        return make_superuser()

    @pytest.mark.parametrize("error", [ZeroDivisionError("boom"), SystemExit(1)])
    def test_the_others_leave(self, leavers, error):
        ada, *others = leavers

        with troubled_by(ada, error):
            assert work(5) == 1

        left = Profile.objects.exclude(departed_at=None)
        assert {profile.user for profile in left} == set(others)

    def test_many_who_fail_keep_nobody_waiting(self, ada):
        failing = [make_user(f"a{number}") for number in range(20)]
        Profile.objects.filter(user__in=[ada, *failing]).update(left_on=day(0))
        Profile.objects.filter(user=ada).update(left_on=day(0))

        def fail(user, **kwargs):
            if user != ada:
                raise ZeroDivisionError

        staff_left.connect(fail)
        try:
            work(1)
        finally:
            staff_left.disconnect(fail)

        assert Profile.objects.get(user=ada).departed_at

    def test_the_others_leave_from_a_page_too_and_it_says_so(self, client, leavers, root):
        Profile.objects.update(left_on=None)
        client.force_login(root)
        chosen = {"_selected_action": [person.pk for person in leavers], "action": "leaves"}

        with troubled_by(leavers[0]):
            page = confirmed(
                client,
                reverse("admin:staff_user_changelist"),
                {**chosen, "post": "yes", "left_on": str(day(0))},
                follow=True,
            )

        left = Profile.objects.exclude(departed_at=None)
        assert {profile.user for profile in left} == set(leavers[1:])
        assert not User.objects.get(username="ada").is_active
        assert "Something failed when these people left: Ada." in page.content.decode()
        assert (
            Notice.objects.get(recipient=root).message
            == "Ada could not leave; Zoe has left; Zora has left"
        )

    def test_one_run_of_the_worker_lets_the_others_go_and_ends_with_an_error(self, leavers):
        with troubled_by(leavers[0]), pytest.raises(CommandError, match="Errors: 1"):
            call_command("worker", once=True, stdout=StringIO())

        assert Profile.objects.exclude(departed_at=None).count() == 2

    def test_nothing_is_left_half_done_but_the_access_has_ended(self, client, leavers, heard):
        ada = leavers[0]
        client.force_login(ada)

        with troubled_by(ada):
            work(1)

        ada.refresh_from_db()
        assert not ada.is_active
        assert client.get(reverse("admin:index")).status_code == 302
        assert group_names(ada) == {"User", "Readers"}
        assert ada.profile.departed_at is None

    def test_the_admins_get_one_notice_however_often_it_is_tried(self, root, leavers):
        Mail.objects.all().delete()

        with troubled_by(leavers[0]):
            for _ in range(3):
                work(5)
                Trouble.objects.update(next_attempt_at=timezone.now())

        notice = Notice.objects.get(recipient=root, message__contains="could not leave")
        assert "Ada" in notice.message
        assert "can no longer sign in" in notice.detail
        assert "ZeroDivisionError: boom" in notice.detail
        assert Mail.objects.filter(subject__contains="could not leave").count() == 1
        assert Trouble.objects.get().attempts == 3

    @pytest.mark.parametrize(
        ("error", "says"),
        [
            (OperationalError("database is locked"), "The database was busy."),
            (Veto("Not on a Monday."), "Not on a Monday."),
            (
                ZeroDivisionError("boom"),
                "Something unexpected happened. The log of the site says what.",
            ),
        ],
    )
    def test_errors_are_kept_in_plain_words(self, ada, error, says):
        troubles.note(leaving.TROUBLE, ada.profile.pk, error, explain=leaving._explain)

        assert troubles.error_of(leaving.TROUBLE, ada.profile.pk) == says

    def test_the_notice_says_so_when_the_person_can_still_sign_in(self, root, leavers):
        def keep(instance, **kwargs):
            raise ZeroDivisionError

        pre_save.connect(keep, sender=User)
        try:
            work(5)
        finally:
            pre_save.disconnect(keep, sender=User)

        notices = Notice.objects.filter(message__contains="could not leave")
        assert [notice.detail.count("can still sign in") for notice in notices] == [1, 1, 1]

    def test_the_row_waits_longer_each_time(self, leavers, stop_clock):
        stop_clock()
        delays = []

        with troubled_by(leavers[0]):
            for _ in range(3):
                work(5)
                trouble = Trouble.objects.get()
                delays.append((trouble.next_attempt_at - timezone.now()).total_seconds())
                Trouble.objects.update(next_attempt_at=timezone.now())

        assert delays == [10, 20, 40]

    def test_once_the_fault_is_gone_they_leave_and_the_trouble_is_forgotten(self, leavers, heard):
        with troubled_by(leavers[0]):
            work(5)
        Trouble.objects.update(next_attempt_at=timezone.now())

        assert work(2) == 0

        assert ("left", "ada", False) in heard
        assert not Profile.objects.due_to_leave().exists()
        assert not Trouble.objects.exists()

    def test_a_trouble_that_came_and_went_is_told_again_when_it_comes_again(self, root, leavers):
        ada = leavers[0]
        with troubled_by(ada):
            work(5)
        Trouble.objects.update(next_attempt_at=timezone.now())
        work(2)
        leaving.bring_back(ada)
        Profile.objects.filter(user=ada).update(left_on=day(0))

        with troubled_by(ada):
            work(2)

        assert Notice.objects.filter(message__contains="could not leave").count() == 2

    def test_who_stays_after_all_can_sign_in_again(self, leavers, heard):
        ada = leavers[0]
        with troubled_by(ada):
            work(1)

        leaving.bring_back(ada)
        work(5)

        assert User.objects.get(pk=ada.pk).is_active
        assert ("joined", "ada", True) not in heard
        assert not Trouble.objects.exists()

    def test_who_leaves_on_a_later_day_can_sign_in_until_then(self, leavers):
        ada = leavers[0]
        with troubled_by(ada):
            work(1)

        leaving.plan(ada, day(3))

        assert User.objects.get(pk=ada.pk).is_active

    def test_who_had_been_switched_off_before_stays_so_after_all(self, leavers):
        ada = leavers[0]
        User.objects.filter(pk=ada.pk).update(is_active=False)
        with troubled_by(ada):
            work(1)

        leaving.bring_back(ada)

        assert not User.objects.get(pk=ada.pk).is_active

    def test_a_notice_that_cannot_be_written_keeps_nobody_back(self, leavers, monkeypatch):
        def fail(*args, **kwargs):
            raise ZeroDivisionError

        monkeypatch.setattr("intranet.troubles.notify_admins", fail)

        with troubled_by(leavers[0]):
            assert work(5) == 1

        assert Profile.objects.exclude(departed_at=None).count() == 2
        assert Trouble.objects.get().told_at is None

    def test_a_clock_set_back_strands_nobody(self, leavers, monkeypatch):
        with troubled_by(leavers[0]):
            work(5)
        Trouble.objects.update(next_attempt_at=timezone.now() + timedelta(days=1))

        assert work(2) == 0
        assert not Profile.objects.due_to_leave().exists()
