"""Leaving today, or on a day to come."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from intranet.outbox.models import Mail, Notice
from intranet.signals import work_due
from intranet.trace.action import begin
from intranet.trace.models import Action
from staff import leaving
from staff.admin.leaving import leaving_story
from staff.models import Profile, User
from staff.receivers import let_leavers_go
from staff.superusers import LastSuperuserError
from staff.tests.factories import day, make_department, make_superuser, make_user
from staff.tests.rows import group_names

pytestmark = pytest.mark.django_db


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
