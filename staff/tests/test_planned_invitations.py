"""Invitations that go out on a day: planned on the add page, mailed by the worker."""

import pytest
from django.contrib.auth.models import Permission
from django.core import serializers
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format

from intranet.models import Trouble
from intranet.outbox.models import Mail
from intranet.signals import work_due
from intranet.tests.outbox import text_of
from intranet.tests.pages import confirmed, posted
from intranet.trace.action import begin
from intranet.trace.models import Action
from intranet.troubles import Noted
from staff import inviting, leaving, mails
from staff.models import Profile, User
from staff.tests.factories import day, make_superuser, make_user
from staff.tests.people_pages import ADD, act, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr(client):
    hr = make_user("hazel", roles=["HR"])
    client.force_login(hr)
    Mail.objects.all().delete()
    return hr


def add(client, **typed):
    """Add Ivy on the page; return the answer."""
    names = {"last_name": "Q", "email": "ivy@example.com", "is_staff": "on"}
    data = posted(client.get(ADD), **names, **{f"profile-0-{key}": it for key, it in typed.items()})
    return confirmed(client, ADD, data, follow=True)


def plan(offset=3, username="ada", **fields):
    fields.setdefault("is_staff", True)
    profile = Profile(invite_on=day(offset))
    return User.objects.create_user(username, f"{username}@example.com", profile=profile, **fields)


def due(user):
    """Have the day come."""
    Profile.objects.filter(user=user).update(invite_on=day(0))
    return user


def mailed():
    return [mail.to for mail in Mail.objects.exclude(template="notice")]


def planned(user):
    return Profile.objects.get(user=user).invite_on


class TestAdding:
    def test_offers_the_first_day(self, client, hr):
        add(client, started_on=day(9).isoformat())

        profile = Profile.objects.get(user__email="ivy@example.com")
        assert (profile.started_on, profile.invite_on) == (day(9), day(9))
        assert mailed() == []

    def test_is_said_before(self, client, hr):
        names = {"last_name": "Q", "email": "ivy@example.com", "is_staff": "on", "_ask": "yes"}
        data = posted(client.get(ADD), **names, **{"profile-0-invite_on": day(2).isoformat()})

        lines = client.post(ADD, data).context["plan"].lines

        assert f"Mails: Invitation goes out on {date_format(day(2))}: Q" in lines

    def test_takes_another_day(self, client, hr):
        add(client, started_on=day(9).isoformat(), invite_on=day(2).isoformat())

        assert Profile.objects.get(user__email="ivy@example.com").invite_on == day(2)
        assert mailed() == []

    @pytest.mark.parametrize(
        "typed",
        [
            {},
            {"started_on": day(-9).isoformat()},
            {"started_on": day(0).isoformat()},
            {"started_on": day(9).isoformat(), "invite_on": day(0).isoformat()},
        ],
    )
    def test_invites_at_once(self, client, hr, typed):
        add(client, **typed)

        assert mailed() == ["ivy@example.com"]
        assert Profile.objects.get(user__email="ivy@example.com").invite_on is None

    @pytest.mark.parametrize("typed", [day(-1).isoformat(), day(900).isoformat(), "soon"])
    def test_refuses_a_day_that_makes_no_sense(self, client, hr, typed):
        page = add(client, invite_on=typed)

        assert "invite_on" in page.context["inline_admin_formsets"][0].formset.errors[0]
        assert not User.objects.filter(email="ivy@example.com").exists()

    def test_takes_no_day_from_who_may_not_write_profiles(self, client):
        rights = Permission.objects.filter(codename__in=["add_user", "view_user"])
        adder = make_user("adder")
        adder.user_permissions.add(*rights)
        client.force_login(adder)

        add(client, invite_on=day(5).isoformat())

        assert planned(User.objects.get(email="ivy@example.com")) is None

    def test_keeps_what_else_was_typed(self, client, hr):
        add(client, started_on=day(9).isoformat(), job_title="Baker")

        assert Profile.objects.get(user__email="ivy@example.com").job_title == "Baker"

    def test_the_page_of_the_person_says_it(self, client, hr):
        add(client, started_on=day(9).isoformat())
        ivy = User.objects.get(email="ivy@example.com")

        page = client.get(reverse("admin:staff_user_change", args=[ivy.pk]))

        assert page.context["head"]["next"][0].startswith("Invitation goes out on ")


class TestOtherWays:
    def test_create_user_invites_at_once(self):
        User.objects.create_user("ada", "ada@example.com", is_staff=True)

        assert mailed() == ["ada@example.com"]

    def test_loaddata_mails_nothing(self):
        ada = plan()
        text = serializers.serialize("json", [ada, ada.profile])
        User.objects.all().delete()
        Mail.objects.all().delete()

        for row in serializers.deserialize("json", text):
            row.save()

        assert mailed() == []


class TestWorker:
    def test_waits_for_the_day(self):
        plan(1)

        work_due.send_robust(sender=None)

        assert mailed() == []

    def test_mails_it_on_the_day_once(self):
        ada = due(plan())

        work_due.send_robust(sender=None)
        work_due.send_robust(sender=None)

        assert mailed() == ["ada@example.com"]
        assert planned(ada) is None
        assert Action.objects.latest("at").summary == ("The planned invitation of ada goes out")

    def test_stands_in_the_history_of_the_person(self, client, hr):
        ada = due(plan())

        with begin(None, Action.Via.WORKER):
            inviting.invite_next()

        page = client.get(reverse("admin:staff_user_history", args=[ada.pk]))
        newest = page.context["table"]["rows"][0][-1]
        assert "<p>The planned invitation of ada goes out</p><p>Invitation goes out on: " in newest

    def test_welcomes_whoever_does_not_sign_in(self):
        due(plan(is_staff=False))

        assert inviting.invite_next() == 1
        assert mailed() == ["ada@example.com"]

    @pytest.mark.parametrize("meanwhile", ["left", "deactivated", "joined"])
    def test_leaves_out_who_cannot_be_invited_any_more(self, meanwhile):
        ada = plan()
        if meanwhile == "left":
            leaving.plan(ada, day(0))
        elif meanwhile == "deactivated":
            ada.is_active = False
            ada.save()
        else:
            ada.set_password("pear tree lane 7")
            ada.save()
        Mail.objects.all().delete()
        due(ada)

        assert inviting.invite_next() == 1
        assert mailed() == []
        assert planned(ada) is None

    def test_does_not_make_up_for_it_when_somebody_is_switched_on_again(self):
        ada = due(plan(is_active=False))
        inviting.invite_next()

        ada.is_active = True
        ada.save()
        inviting.invite_next()

        assert mailed() == []

    def test_killed_half_way_does_it_again(self, monkeypatch):
        ada = due(plan())
        with monkeypatch.context() as patch:
            patch.setattr(mails, "send_welcome", lambda user: 1 / 0)
            with pytest.raises(Noted):
                inviting.invite_next()
        assert (mailed(), planned(ada)) == ([], day(0))

        Trouble.objects.update(next_attempt_at="2000-01-01T00:00Z")

        assert inviting.invite_next() == 1
        assert mailed() == ["ada@example.com"]

    def test_tells_the_admins_when_it_fails(self, monkeypatch):
        root = make_superuser()
        due(plan())
        monkeypatch.setattr(mails, "send_welcome", lambda user: 1 / 0)

        with pytest.raises(Noted):
            inviting.invite_next()

        assert root.notices.get().message == "ada could not be invited"

    def test_keeps_nobody_back_behind_one_who_fails(self, monkeypatch):
        due(plan())
        due(plan(username="bob"))
        send = mails.send_welcome
        monkeypatch.setattr(
            mails, "send_welcome", lambda user: 1 / 0 if user.username == "ada" else send(user)
        )

        with pytest.raises(Noted):
            inviting.invite_next()

        assert mailed() == ["bob@example.com"]

    def test_sends_nothing_that_is_rolled_back(self):
        with transaction.atomic():
            ada = due(plan())
            inviting.invite_next()
            transaction.set_rollback(True)

        assert mailed() == []
        assert not User.objects.filter(pk=ada.pk).exists()


class TestLeaving:
    def test_forgets_what_was_planned(self):
        ada = plan(30)

        leaving.plan(ada, day(0))

        assert planned(ada) is None


class TestPages:
    def test_send_it_at_once(self, client, hr):
        ada = plan()

        act(client, "invite_again", ada, post="yes")

        assert (mailed(), planned(ada)) == (["ada@example.com"], None)

    def test_plan_it_for_another_day(self, client, hr):
        ada, bob = plan(), User.objects.create_user("bob", "bob@example.com", is_staff=True)
        Mail.objects.all().delete()

        act(client, "invite_again", ada, bob, post="yes", day=day(5).isoformat())

        assert mailed() == []
        assert (planned(ada), planned(bob)) == (day(5), day(5))

    def test_refuse_a_day_that_is_past(self, client, hr):
        ada = plan()

        page = act(client, "invite_again", ada, post="yes", day=day(-1).isoformat())

        assert page.context["form"].errors["day"]
        assert planned(ada) == day(3)

    def test_call_it_off(self, client, hr):
        ada, bob = plan(), make_user("bob")
        Mail.objects.all().delete()

        page = act(client, "call_off_invitation", ada, bob, post="yes")

        assert (mailed(), planned(ada)) == ([], None)
        assert "no invitation is planned: bob." in told(page)[1]

    def test_find_those_who_are_planned(self, client, hr):
        ada, bob = plan(), plan(username="bob", is_staff=False)

        page = client.get(reverse("admin:staff_user_changelist"), {"invitation": "planned"})

        assert set(page.context["cl"].result_list) == {ada, bob}

    def test_leave_superusers_to_superusers(self, client, hr):
        root = plan(username="root", is_superuser=True)

        act(client, "call_off_invitation", root, post="yes")
        act(client, "invite_again", root, post="yes")

        assert (mailed(), planned(root)) == ([], day(3))

    def test_are_offered_the_first_day_that_all_have_in_common(self, client, hr):
        ada, bob, eve = (plan(username=name) for name in ("ada", "bob", "eve"))
        Profile.objects.filter(user__in=[ada, bob]).update(started_on=day(9))
        Profile.objects.filter(user=eve).update(started_on=day(-9))

        def offered(*people):
            return act(client, "invite_again", *people).context["form"].initial.get("day")

        assert offered(ada, bob) == day(9)
        assert offered(ada, eve) is offered(eve) is None

    def undo(self, client):
        """Undo the last action; return what the page that says so shows."""
        url = reverse("admin:intranet_action_undo", args=[Action.objects.latest("at").pk])
        return confirmed(client, url, {"post": "yes"}, follow=True)

    def test_come_back_with_their_day_when_that_is_undone(self, client, hr):
        ada = plan()
        act(client, "call_off_invitation", ada, post="yes")

        page = self.undo(client)

        assert planned(ada) == day(3)
        assert told(page)[0].startswith("Undone: Call off invitation: Invitation of ada called off")

    def test_do_not_come_back_once_the_day_has_come(self, client, hr):
        ada = due(plan())
        act(client, "call_off_invitation", ada, post="yes")

        page = self.undo(client)

        assert "Stays so, the day has come: ada" in page.content.decode()
        assert planned(ada) is None


class TestPasswordLinks:
    def link(self, client, *people):
        Mail.objects.all().delete()
        return act(client, "send_password_link", *people, post="yes")

    def test_are_mailed_to_those_who_joined(self, client, hr):
        ada = make_user("ada")

        self.link(client, ada)

        assert mailed() == ["ada@example.com"]
        assert User.objects.get(pk=ada.pk).check_password("secret")

    def test_say_for_how_long_they_work(self, client, hr, settings):
        settings.PASSWORD_RESET_TIMEOUT = 3600

        self.link(client, make_user("ada"))

        assert "The link works once, for 1 hour. Until you use it" in text_of(Mail.objects.get())

    @pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}])
    def test_are_not_for_who_cannot_sign_in(self, client, hr, fields):
        self.link(client, make_user("ada", **fields))

        assert mailed() == []

    def test_are_not_for_who_was_only_invited(self, client, hr):
        page = self.link(client, User.objects.create_user("ada", "a@example.com", is_staff=True))

        assert mailed() == []
        assert "have not chosen a password yet: ada." in told(page)[0]

    def test_of_superusers_are_for_superusers_to_send(self, client, hr):
        root = make_superuser()

        self.link(client, root)
        assert mailed() == []

        client.force_login(root)
        self.link(client, root)
        assert mailed() == [root.email]

    def test_are_offered_on_the_page_of_the_person(self, client, hr):
        ada = make_user("ada")
        url = reverse("admin:staff_user_send_person_password_link", args=[ada.pk])
        Mail.objects.all().delete()

        assert url in client.get(reverse("admin:staff_user_change", args=[ada.pk])).content.decode()
        assert "password" in client.get(url).context["plan"].sample[1]
        assert mailed() == []
        confirmed(client, url, {"post": "yes"})
        assert mailed() == ["ada@example.com"]
