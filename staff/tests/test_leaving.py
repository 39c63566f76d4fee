"""Leaving on a day, and coming back whole."""

from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.signals import pre_save
from django.urls import reverse
from django.utils import timezone

from intranet.models import Trouble
from intranet.outbox.models import Mail, Notice
from intranet.signals import work_due
from intranet.tests.outbox import text_of
from intranet.tests.pages import confirmed
from intranet.trace.action import begin
from intranet.trace.models import Action
from intranet.troubles import Noted
from staff import leaving
from staff.admin.leaving import leaving_story
from staff.models import Profile, User
from staff.receivers import let_leavers_go
from staff.signals import staff_joined, staff_left
from staff.superusers import LastSuperuserError
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def day(offset):
    return timezone.localdate() + timedelta(days=offset)


def group_names(user):
    return set(user.groups.values_list("name", flat=True))


@pytest.fixture
def ada():
    return make_user("ada", first_name="Ada", department=make_department("Lab", groups=["Readers"]))


@pytest.fixture
def heard():
    """Collect what `staff_joined` and `staff_left` say."""
    calls = []

    def joined(user, returned, **kwargs):
        calls.append(("joined", user.username, returned))

    def left(user, **kwargs):
        calls.append(("left", user.username, user.is_active))

    staff_joined.connect(joined)
    staff_left.connect(left)
    yield calls
    staff_joined.disconnect(joined)
    staff_left.disconnect(left)


class TestLeavingToday:
    def test_access_and_department_groups_end(self, ada):
        ada.groups.add(*make_department(groups=["By hand"]).groups.all())

        leaving.plan(ada, day(0))

        ada.refresh_from_db()
        assert not ada.is_active
        assert group_names(ada) == {"User", "By hand"}
        assert ada.profile.department.name == "Lab"

    def test_an_open_session_ends(self, client, ada):
        client.force_login(ada)

        leaving.plan(ada, day(0))

        assert client.get(reverse("admin:index")).status_code == 302

    def test_reports_go_to_the_successor(self, ada):
        eve, report = make_user("eve"), make_user("report")
        Profile.objects.filter(user=report).update(manager=ada)

        leaving.plan(ada, day(0), successor=eve)

        assert Profile.objects.get(user=report).manager == eve

    def test_a_successor_from_the_team_reports_to_the_manager_above(self, ada):
        boss, eve = make_user("boss"), make_user("eve")
        Profile.objects.filter(user=ada).update(manager=boss)
        Profile.objects.filter(user=eve).update(manager=ada)

        leaving.plan(ada, day(0), successor=eve)

        assert Profile.objects.get(user=eve).manager == boss

    def test_a_successor_above_and_below_the_leaver_is_not_their_own_manager(self, ada):
        eve = make_user("eve")
        Profile.objects.filter(user=ada).update(manager=eve)
        Profile.objects.filter(user=eve).update(manager=ada)

        leaving.plan(ada, day(0), successor=eve)

        assert Profile.objects.get(user=eve).manager is None

    def test_the_head_and_the_admins_get_one_notice_each(self, ada):
        root, head = make_superuser(), make_user("head")
        ada.profile.department.head = head
        ada.profile.department.save()

        with begin(root):
            leaving.plan(ada, day(0), note="Moves abroad")

        notices = Notice.objects.filter(message="Ada has left")
        assert {notice.recipient for notice in notices} == {root, head}
        assert "Moves abroad" in notices[0].detail

    def test_a_head_who_is_an_admin_is_told_once(self, ada):
        root = make_superuser()
        ada.profile.department.head = root
        ada.profile.department.save()

        leaving.plan(ada, day(0))

        assert Notice.objects.filter(recipient=root, message="Ada has left").count() == 1

    def test_it_is_announced_once(self, ada, heard):
        leaving.plan(ada, day(0))
        leaving.carry_out_next()

        assert heard == [("left", "ada", False)]

    def test_two_who_ask_at_once_are_one_leaving(self, ada, heard):
        other = User.objects.select_related("profile").get(pk=ada.pk)
        leaving.plan(ada, day(0))

        leaving.plan(other, day(3))

        assert Profile.objects.get(user=ada).left_on == day(0)
        assert heard == [("left", "ada", False)]

    def test_what_others_changed_meanwhile_stays(self, ada):
        Profile.objects.filter(pk=ada.profile.pk).update(phone="123")

        leaving.plan(ada, day(0))

        assert Profile.objects.get(user=ada).phone == "123"

    def test_new_department_groups_pass_a_leaver_by(self, ada):
        leaving.plan(ada, day(0))

        ada.profile.department.groups.add(*make_department(groups=["New"]).groups.all())

        assert group_names(ada) == {"User"}

    def test_the_last_superuser_stays(self):
        root = make_superuser()

        with pytest.raises(LastSuperuserError):
            leaving.plan(root, day(0))

        assert User.objects.superusers().get().profile.left_on is None

    def test_a_rollback_leaves_nothing(self, ada, heard):
        make_superuser()
        before = Mail.objects.count()

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            leaving.plan(User.objects.get(pk=ada.pk), day(0))
            raise ZeroDivisionError

        ada.refresh_from_db()
        assert ada.is_active
        assert group_names(ada) == {"User", "Readers"}
        assert Mail.objects.count() == before
        assert not Notice.objects.exists()


class TestLeavingLater:
    def test_nothing_ends_before_the_day(self, ada):
        leaving.plan(ada, day(1))

        let_leavers_go(sender=None)

        ada.refresh_from_db()
        assert ada.is_active
        assert group_names(ada) == {"User", "Readers"}

    def test_the_worker_carries_it_out_on_the_day(self, ada):
        leaving.plan(ada, day(1))
        Profile.objects.filter(user=ada).update(left_on=day(0))

        work_due.send_robust(sender=None)

        ada.refresh_from_db()
        assert not ada.is_active
        assert group_names(ada) == {"User"}

    def test_the_last_superuser_is_kept_and_the_admins_are_told(self):
        root = make_superuser(first_name="Ruth", language="de")
        Profile.objects.filter(user=root).update(left_on=day(0))

        assert [leaving.carry_out_next(), leaving.carry_out_next()] == [1, 0]
        assert User.objects.superusers().get() == root
        notice = Notice.objects.get()
        assert notice.message == "Der Austritt von Ruth schlug fehl"
        assert "Dies ist der letzte aktive Superuser" in notice.detail

    def test_somebody_deactivated_before_the_day_leaves_all_the_same(self, ada, heard):
        User.objects.filter(pk=ada.pk).update(is_active=False)
        Profile.objects.filter(user=ada).update(left_on=day(-1))

        assert [leaving.carry_out_next(), leaving.carry_out_next()] == [1, 0]
        assert group_names(ada) == {"User"}
        assert heard == [("left", "ada", False)]

    def test_a_successor_who_is_gone_by_then_takes_over_nothing(self, ada):
        eve, report = make_user("eve"), make_user("report")
        Profile.objects.filter(user=report).update(manager=ada)
        leaving.plan(ada, day(1), successor=eve)
        leaving.plan(eve, day(0))
        Profile.objects.filter(user=ada).update(left_on=day(0))

        leaving.carry_out_next()

        assert Profile.objects.get(user=report).manager is None


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


class TestComingBack:
    def test_everything_is_as_it_was(self, ada):
        leaving.plan(ada, day(0))

        leaving.bring_back(ada)

        ada.refresh_from_db()
        assert ada.is_active
        assert group_names(ada) == {"User", "Readers"}
        assert ada.profile.left_on is ada.profile.departed_at is None

    def test_a_mail_says_how_to_sign_in(self, ada):
        leaving.plan(ada, day(0))
        Mail.objects.all().delete()

        leaving.bring_back(ada)

        text = text_of(Mail.objects.get())
        assert "Welcome back" in text
        assert "Sign in with your password" in text

    def test_it_is_announced_once(self, ada, heard):
        leaving.plan(ada, day(0))

        leaving.bring_back(ada)

        assert heard[1:] == [("joined", "ada", True)]

    def test_a_planned_leaving_is_called_off(self, ada, heard):
        leaving.plan(ada, day(5))

        leaving.bring_back(ada)

        ada.refresh_from_db()
        assert ada.profile.left_on is None
        assert heard == []


class TestRefuseRevivingLeaver:
    def test_an_old_copy_cannot_let_them_in_again(self, ada):
        copy = User.objects.get(pk=ada.pk)
        leaving.plan(ada, day(0))

        with pytest.raises(leaving.HasLeftError):
            copy.save()

        assert not User.objects.get(pk=ada.pk).is_active

    @pytest.mark.parametrize("fields", [["first_name"], ["last_login"]])
    def test_other_fields_can_be_saved(self, ada, fields):
        copy = User.objects.get(pk=ada.pk)
        leaving.plan(ada, day(0))

        copy.save(update_fields=fields)

        assert not User.objects.get(pk=ada.pk).is_active

    def test_somebody_switched_off_can_be_switched_on(self):
        ada = make_user(is_active=False)
        ada.is_active = True

        ada.save()

        assert User.objects.get(pk=ada.pk).is_active

    def test_loaddata_is_not_asked(self, ada):
        copy = serializers.serialize("json", [ada])
        leaving.plan(ada, day(0))

        for deserialized in serializers.deserialize("json", copy):
            deserialized.save()

        assert User.objects.get(pk=ada.pk).is_active


class TestJoining:
    def test_a_new_person_is_announced_once(self, heard):
        ada = make_user("ada")
        ada.save()

        assert heard == [("joined", "ada", False)]

    def test_somebody_inactive_is_not(self, heard):
        make_user(is_active=False)

        assert heard == []

    def test_switching_off_and_on_is_neither_leaving_nor_joining(self, heard):
        ada = make_user("ada", is_active=False)

        for is_active in (True, False):
            ada.is_active = is_active
            ada.save()

        assert heard == []


def test_rows_from_before_say_nothing_of_those_who_are_here(ada):
    left = make_user("eve")
    leaving.plan(left, day(0))
    Profile.objects.filter(user=ada).update(was_inactive=False)
    migration = import_module("staff.migrations.0008_access_ended")

    migration.forget_of_those_who_are_here(apps, SimpleNamespace(connection=connection))

    assert Profile.objects.get(user=ada).was_inactive is None
    assert Profile.objects.get(user=left).was_inactive is False


class TestWhoPlannedIt:
    def test_stands_on_the_page_and_in_the_history_of_the_day(self, monkeypatch):
        boss, ada = make_superuser(first_name="Olga"), make_user("ada", first_name="Ada")
        last = day(3)
        with begin(boss, Action.Via.PAGE):
            leaving.plan(ada, last)
        assert ", as Olga planned on " in leaving_story(ada)

        monkeypatch.setattr(timezone, "localdate", lambda *args: last)
        with begin(None, Action.Via.WORKER):
            assert leaving.carry_out_next() == 1

        action = Action.objects.filter(via=Action.Via.WORKER).get()
        assert action.summary.startswith("Ada leaves, as Olga planned on ")
        assert action.notices.count() == 1
