"""The link of an invitation: what ends it, and where it is never stored."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.urls import reverse
from django.utils import timezone

from intranet.access.models import PasswordLink
from intranet.access.password_links import mail_link, mail_links, tokens
from intranet.outbox.delivery import deliver_due
from intranet.outbox.mail import MANY, queue
from intranet.outbox.models import Mail
from staff import leaving
from staff.models import User
from staff.tests.factories import make_user
from staff.tests.invited import DEAD, LINK, NEW, age_link, invite, link_of, state, works

pytestmark = pytest.mark.django_db


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


class TestOrder:
    def test_who_asks_for_a_link_does_not_wait_for_the_invited(self, client):
        queue("notice", ["root@example.com"], {"message": "Hello"})
        ada = [invite(name) for name in ("bob", "cem", "ada")][-1]

        client.post(reverse("admin_password_reset"), {"email": ada.email})

        order = [it.template for it in Mail.objects.due()]
        assert order == ["password_reset", "welcome", "welcome", "notice"]

    def test_each_of_many_has_a_mail_of_their_own(self):
        users = [User(username=f"u{it}", email=f"u{it}@example.com") for it in range(MANY + 1)]

        mail_links("welcome", User.objects.bulk_create(users), DEFAULT_DB_ALIAS)

        links = PasswordLink.objects.values_list("mail__to", "user__email")
        assert len(links) == MANY + 1
        assert {to == email for to, email in links} == {True}


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
