"""Invitations: how far somebody is, and inviting again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from intranet.access.models import PasswordLink
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from intranet.tests.pages import confirmed
from staff import leaving
from staff.mails import welcome_mail
from staff.models import User
from staff.tests.factories import make_superuser, make_user
from staff.tests.invited import NEW, age_link, invite, link_of, state, works

pytestmark = pytest.mark.django_db
PEOPLE = reverse("admin:staff_user_changelist")


def act(client, *people):
    data = {"action": "invite_again", "_selected_action": [p.pk for p in people]}
    return confirmed(client, PEOPLE, data, follow=True)


def told(response):
    return [strip_tags(str(message)) for message in response.context["messages"]]


class TestState:
    def test_without_sign_in_there_is_none(self):
        assert state(invite(is_staff=False)) == "no sign-in"

    def test_a_leaver_has_none(self):
        ada = invite()

        leaving.plan(ada, timezone.localdate())

        assert state(ada) == "no sign-in"

    def test_somebody_added_without_a_mail_is_not_invited(self):
        with welcome_mail.paused():
            assert state(invite()) == "not invited"

    def test_it_is_queued_until_it_is_sent(self):
        ada = invite()
        before = state(ada)

        deliver_due()

        assert (before, state(ada)) == ("queued", "sent")

    def test_it_failed_when_the_mail_did(self):
        ada = invite()

        Mail.objects.update(status=Mail.Status.FAILED, error="550 No such user")

        found = User.objects.with_invitation().get(pk=ada.pk)
        assert (found.invitation, found.invitation_error) == ("failed", "550 No such user")

    @pytest.mark.parametrize(("hours", "expected"), [(71, "sent"), (73, "expired")])
    def test_it_expires_after_72_hours(self, hours, expected):
        ada = invite()
        deliver_due()

        age_link(ada, hours=hours)

        assert state(ada) == expected

    def test_its_time_begins_when_it_is_sent(self):
        ada = invite()
        PasswordLink.objects.update(made_at=timezone.now() - timedelta(days=30))
        before = state(ada)

        deliver_due()

        assert (before, state(ada)) == ("queued", "sent")

    def test_an_outbox_that_was_cleared_changes_nothing(self):
        ada = invite()
        deliver_due()

        Mail.objects.all().delete()

        assert state(ada) == "sent"

    def test_choosing_a_password_is_joining(self, client):
        ada = invite()
        page = client.get(link_of(ada), follow=True)

        client.post(page.request["PATH_INFO"], NEW)

        assert state(ada) == "joined"


class TestInvitingAgain:
    def test_it_asks_first_and_says_what_happens(self, client, hr):
        people = [invite(), invite("bo"), invite("cy", is_staff=False), make_user("dee")]
        data = {"action": "invite_again", "_selected_action": [person.pk for person in people]}

        page = client.post(PEOPLE, data).content.decode()

        assert "Invitations mailed to 3 people." in page
        assert "left, are switched off or have joined: dee" in page

    def test_a_new_link_is_mailed_and_the_old_one_ends(self, client, hr):
        ada = invite()
        old = link_of(ada)
        deliver_due()

        messages = told(act(client, ada))

        assert messages == ["Invitation mailed to ada. Everything this did"]
        assert not works(client, old)
        assert works(client, link_of(ada))
        assert state(ada) == "queued"

    def test_a_failed_mail_goes_with_its_link(self, client, hr):
        ada = invite()
        Mail.objects.update(status=Mail.Status.FAILED, error="550 No such user")

        act(client, ada)

        assert [mail.status for mail in Mail.objects.filter(to=ada.email)] == ["queued"]

    def test_those_without_sign_in_are_welcomed_again(self, client, hr):
        bo = invite("bo", is_staff=False)
        Mail.objects.all().delete()

        act(client, bo)

        assert "There is nothing to do" in text_of(Mail.objects.get(to=bo.email))

    def test_leavers_and_who_has_joined_get_nothing(self, client, hr):
        gone, joined = invite("gone", is_active=False), make_user("joined")
        Mail.objects.all().delete()

        messages = told(act(client, gone, joined))

        assert messages == [
            "Stays as it is, they left, are switched off or have joined: gone, joined."
        ]
        assert not Mail.objects.exists()

    def test_hr_does_not_touch_superusers(self, client, hr):
        root = invite("root", is_superuser=True)
        before = link_of(root)

        act(client, root)

        assert works(client, before)

    def test_it_is_offered_on_the_page_of_whoever_can_be_invited(self, client, hr):
        ada, joined = invite(), make_user("joined")
        url = reverse("admin:staff_user_invite_person_again", args=[ada.pk])

        pages = [client.get(reverse("admin:staff_user_change", args=[p.pk])) for p in (ada, joined)]
        Mail.objects.all().delete()
        confirmed(client, url, {"post": "yes"})

        assert url in pages[0].content.decode()
        assert "invite-person-again" not in pages[1].content.decode()
        assert Mail.objects.get().to == ada.email

    def test_a_get_mails_nothing(self, client, hr):
        ada = invite()
        Mail.objects.all().delete()

        client.get(reverse("admin:staff_user_invite_person_again", args=[ada.pk]))

        assert not Mail.objects.exists()

    def test_the_host_header_stays_out_of_the_mail(self, client, hr, settings):
        settings.ALLOWED_HOSTS = ["*"]
        ada = invite()
        Mail.objects.all().delete()
        data = {"action": "invite_again", "_selected_action": [ada.pk]}

        confirmed(client, PEOPLE, data, headers={"host": "evil.example"})

        assert link_of(ada)
        assert "evil.example" not in text_of(Mail.objects.get())


class TestPages:
    def test_the_list_shows_and_filters_by_it(self, client, hr):
        ada = invite()
        Mail.objects.update(status=Mail.Status.FAILED, error="550 <No> such user")

        page = client.get(PEOPLE, {"invitation": ["failed", "expired"]})

        assert list(page.context["cl"].result_list) == [ada]
        assert "550 &lt;No&gt; such user" in page.content.decode()

    def test_the_person_shows_what_the_server_said(self, client, hr):
        ada = invite()
        Mail.objects.update(status=Mail.Status.FAILED, error="550 No such user")

        page = client.get(reverse("admin:staff_user_change", args=[ada.pk]))

        assert "could not be mailed: 550 No such user" in page.content.decode()

    def test_more_invitations_take_no_more_queries(self, client, django_assert_max_num_queries):
        client.force_login(make_superuser())

        def queries():
            with django_assert_max_num_queries(100) as captured:
                client.get(PEOPLE)
            return len(captured)

        invite()
        before = queries()
        for name in ("bo", "cy", "dee"):
            invite(name)
        Mail.objects.update(status=Mail.Status.FAILED, error="550")

        assert queries() == before
