"""Invitations: how far somebody is, what ends a link, and inviting again."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from intranet.access.models import PasswordLink
from intranet.access.password_links import mail_link, tokens
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from intranet.tests.pages import confirmed
from staff import leaving
from staff.invitations import Invitation
from staff.mails import welcome_mail
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
PEOPLE = reverse("admin:staff_user_changelist")
LINK = re.compile(r"https://intranet\.test(/admin/password_reset/\S+)")
DEAD = "This link does not work any more"
NEW = {"new_password1": "pear tree lane 7", "new_password2": "pear tree lane 7"}


def invite(username="ada", **fields):
    """Create somebody who can sign in and has no password yet, as the add page does."""
    fields.setdefault("is_staff", True)
    return User.objects.create_user(username, f"{username}@example.com", **fields)


def link_in(mail):
    return LINK.search(text_of(mail))[1]


def dump():
    """Return all that is in the database, as text."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += cursor.fetchall()
    return str([[bytes(it) if isinstance(it, memoryview) else it for it in row] for row in rows])


def usable_in(text, *people):
    """Return for whom there is a token that works somewhere in a text."""
    found = re.findall(r"\w+-[0-9a-f]{32}", text)
    fresh = User.objects.in_bulk([person.pk for person in people])
    return [it for it in people if any(tokens.check_token(fresh[it.pk], token) for token in found)]


def link_of(user):
    """Return the path of the link in the newest mail to somebody."""
    return link_in(Mail.objects.filter(to=user.email).latest("pk"))


def works(client, link):
    return DEAD not in client.get(link, follow=True).content.decode()


def state(user):
    """Return the state of somebody, by which alone a list finds them."""
    shown = User.objects.with_invitation().get(pk=user.pk).invitation
    one = User.objects.filter(pk=user.pk)
    assert [it for it in Invitation if one.with_invitation_in([it]).exists()] == [shown]
    return shown


def age_link(user, **age):
    """Let the link of somebody have been mailed that long ago."""
    then = timezone.now() - timedelta(**age)
    PasswordLink.objects.filter(user=user).update(made_at=then)
    Mail.objects.filter(to=user.email).update(sent_at=then)


def act(client, *people):
    data = {"action": "invite_again", "_selected_action": [p.pk for p in people]}
    return confirmed(client, PEOPLE, data, follow=True)


def told(response):
    return [strip_tags(str(message)) for message in response.context["messages"]]


@pytest.fixture
def hr(client):
    hr = make_user("hazel", roles=["HR"])
    client.force_login(hr)
    return hr


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


class TestLink:
    def test_ten_looks_by_a_mail_scanner_do_not_use_it_up(self, client):
        ada = invite()
        for _ in range(10):
            client.get(link_of(ada), follow=True)

        page = client.get(link_of(ada), follow=True)
        client.post(page.request["PATH_INFO"], NEW)

        ada.refresh_from_db()
        assert ada.check_password(NEW["new_password1"])

    def test_it_works_once(self, client):
        link = link_of(invite())
        page = client.get(link, follow=True)
        client.post(page.request["PATH_INFO"], NEW)

        assert not works(client, link)

    @pytest.mark.parametrize(
        "change", [{"is_active": False}, {"is_staff": False}, {"email": "other@example.com"}]
    )
    def test_it_is_dead_for_good_after_a_change(self, client, change):
        ada = invite()
        link = link_of(ada)
        before = {field: getattr(ada, field) for field in change}

        for values in (change, before):
            for field, value in values.items():
                setattr(ada, field, value)
            ada.save(update_fields=list(values))

        assert not works(client, link)

    @pytest.mark.parametrize("change", [{"is_active": False}, {"email": "other@example.com"}])
    def test_a_change_by_update_kills_it_too(self, client, change):
        ada = invite()
        link = link_of(ada)

        User.objects.filter(pk=ada.pk).update(**change)

        assert not works(client, link)

    def test_leaving_and_coming_back_kills_it(self, client):
        ada = invite()
        link = link_of(ada)

        leaving.plan(ada, timezone.localdate())
        leaving.bring_back(ada)

        assert not works(client, link)
        assert works(client, link_of(ada))

    def test_a_newer_link_kills_it(self, client):
        ada = invite()
        link = link_of(ada)

        client.post(reverse("admin_password_reset"), {"email": ada.email})

        assert not works(client, link)
        assert works(client, link_of(ada))

    def test_another_change_of_the_person_leaves_it_alone(self, client):
        ada = invite()

        ada.first_name = "Ada"
        ada.save()

        assert works(client, link_of(ada))

    def test_loaddata_leaves_it_alone(self, client):
        ada = invite()

        ada.is_active = False
        ada.save_base(raw=True)

        assert PasswordLink.objects.get().ended_at is None

    def test_a_change_that_is_rolled_back_leaves_it_alone(self, client):
        ada = invite()
        with transaction.atomic():
            ada.email = "other@example.com"
            ada.save()
            transaction.set_rollback(True)

        assert works(client, link_of(User.objects.get()))

    def test_a_mail_that_has_not_gone_out_is_withdrawn_with_it(self):
        ada = invite()

        ada.email = "other@example.com"
        ada.save()

        assert not Mail.objects.exists()
        assert state(ada) == "expired"

    @pytest.mark.parametrize(
        "change",
        [
            {"is_active": False},
            {"is_staff": False},
            {"email": "other@example.com"},
            {"last_login": datetime.max.replace(tzinfo=UTC)},
        ],
        ids=str,
    )
    def test_none_is_mailed_once_it_would_not_work(self, change, mailoutbox):
        ada = invite()
        User.objects.filter(pk=ada.pk).update(**change)

        deliver_due()

        assert mailoutbox == []
        assert not Mail.objects.exists()

    def test_none_is_mailed_that_has_ended(self, mailoutbox):
        invite()
        PasswordLink.objects.update(ended_at=timezone.now())

        deliver_due()

        assert mailoutbox == []

    def test_none_is_mailed_but_the_newest(self, client, mailoutbox):
        ada = invite()
        Mail.objects.update(status=Mail.Status.SENDING)  # so that it is not withdrawn
        mail_link("password_reset", ada)
        Mail.objects.update(status=Mail.Status.QUEUED)

        deliver_due()

        assert [mail.subject for mail in mailoutbox] == ["Set your password for Intranet"]

    def test_it_works_however_late_and_often_it_is_mailed(self, client, mailoutbox):
        invite()
        PasswordLink.objects.update(made_at=timezone.now() - timedelta(days=30))
        for _ in range(2):
            row = Mail.objects.values("context").get()
            deliver_due()
            Mail.objects.update(status=Mail.Status.QUEUED, attempts=0, **row)

        links = [LINK.search(mail.body)[1] for mail in mailoutbox]

        assert [works(client, link) for link in links] == [True, True]


class TestWhatIsInTheDatabase:
    def test_no_link_that_works_is_in_it_before_the_mail_is_sent(self, client):
        ada, bo = invite(), make_user("bo", email="bo@example.com")
        client.post(reverse("admin_password_reset"), {"email": bo.email})

        assert usable_in(dump(), ada, bo) == []
        assert usable_in(link_of(ada) + link_of(bo), ada, bo) == [ada, bo]

    def test_none_is_in_it_once_it_is_sent_and_opened(self, client, mailoutbox):
        ada = invite()
        deliver_due()

        page = client.get(LINK.search(mailoutbox[0].body)[1], follow=True)

        assert page.context["form"].user == ada
        assert usable_in(dump(), ada) == []

    def test_none_is_in_it_when_sending_fails(self, monkeypatch):
        ada = invite()
        monkeypatch.setattr(EmailBackend, "send_messages", lambda *args: 0)

        deliver_due()

        assert Mail.objects.get().status == Mail.Status.FAILED
        assert usable_in(dump(), ada) == []


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


class TestDeadLinkPage:
    def fresh(self, client, link):
        """Press the button on the page of a dead link; return the answer."""
        page = client.get(link, follow=True).content.decode()
        return client.post(re.search(r'action="([^"]+/new/)"', page)[1], follow=True)

    @pytest.mark.parametrize("why", ["used", "expired"])
    def test_the_button_mails_a_link_that_works(self, client, why):
        ada = invite()
        link = link_of(ada)
        if why == "used":
            ada.set_password("pear tree lane 7")
            ada.save()
        age_link(ada, hours=100)

        self.fresh(client, link)

        assert link_of(ada) != link
        assert works(client, link_of(ada))

    def test_the_answer_is_the_same_without_an_account(self, client):
        ada, gone = invite(), invite("gone")
        links = [link_of(ada), link_of(gone), "/admin/password_reset/forged/token/"]
        age_link(ada, hours=100)
        gone.delete()

        pages = [client.get(link).content.decode() for link in links]
        answers = [self.fresh(client, link) for link in links]

        assert all(DEAD in page for page in pages)
        assert len({answer.content for answer in answers}) == 1
        assert Mail.objects.filter(to=gone.email, subject__startswith="Set your").count() == 0

    def test_nobody_tries_out_the_keys_of_others(self, client):
        ada = invite()
        Mail.objects.all().delete()

        client.post(reverse("password_reset_fresh", args=[ada.pk]))
        client.post(reverse("password_reset_fresh", args=[f"{ada.pk}:forged"]))

        assert not Mail.objects.exists()

    def test_a_get_mails_nothing(self, client):
        ada = invite()
        person = link_of(ada).split("/")[3]
        Mail.objects.all().delete()

        client.get(reverse("password_reset_fresh", args=[person]))

        assert not Mail.objects.exists()
