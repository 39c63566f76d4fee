"""Delivery of the outbox by whatever sends mail."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail as django_mail
from django.db import connection
from django.utils import timezone

from intranet.outbox import delivery
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.signals import work_due
from intranet.tests.outbox import FAILED, SENT, queue

pytestmark = pytest.mark.django_db


class TestDeliverDue:
    @pytest.mark.parametrize("backend", ["locmem", "console", "filebased", "dummy"])
    def test_works_with_every_backend_of_django(self, backend, settings, tmp_path):
        settings.MAIL_TRANSPORT = f"django.core.mail.backends.{backend}.EmailBackend"
        settings.EMAIL_FILE_PATH = tmp_path
        queue("ada@example.com", "bob@example.com", body="Größe\n")

        outcomes = deliver_due()

        assert outcomes == {SENT: 2}
        assert set(Mail.objects.values_list("status", flat=True)) == {SENT}

    def test_hands_over_the_stored_message(self):
        [stored] = queue("ada@example.com")

        deliver_due()

        [message] = django_mail.outbox
        assert (message.to, message.subject) == (["ada@example.com"], "Hello")
        assert message.message()["Message-ID"] == stored.message_id

    def test_erases_the_body_once_sent(self):
        queue("ada@example.com")

        deliver_due()

        mail = Mail.objects.get()
        assert bytes(mail.message) == b""
        assert mail.sent_at is not None

    def test_forgets_what_was_sent_long_ago(self, settings):
        settings.MAIL_KEEP_DAYS = 90
        rows = queue("old@example.com", "fresh@example.com", "failed@example.com", "x@example.com")
        for mail, status, days in zip(rows, (SENT, SENT, FAILED), (91, 89, 91), strict=False):
            sent_at = timezone.now() - timedelta(days=days)
            Mail.objects.filter(pk=mail.pk).update(status=status, sent_at=sent_at)

        work_due.send(sender=None)

        assert set(Mail.objects.all()) == set(rows[1:])

    def test_sends_no_more_than_the_limit(self):
        queue("a@example.com", "b@example.com", "c@example.com")

        assert deliver_due(limit=2) == {SENT: 2}

    def test_opens_no_connection_when_nothing_is_due(self, settings):
        settings.MAIL_TRANSPORT = "no.such.Backend"

        assert deliver_due() == {}

    def test_is_in_no_transaction_while_sending(self, monkeypatch, transactional_db):
        seen = []
        queue("ada@example.com")
        transport = SimpleNamespace(
            open=lambda: None,
            close=lambda: None,
            send_messages=lambda messages: seen.append(connection.in_atomic_block),
        )
        monkeypatch.setattr(delivery, "get_connection", lambda backend: transport)

        deliver_due()

        assert seen == [False]

    def test_a_broken_message_fails_and_stops_no_other(self, settings):
        settings.MAIL_TRANSPORT = "django.core.mail.backends.console.EmailBackend"
        broken, _ = queue("ada@example.com", "bob@example.com")
        Mail.objects.filter(pk=broken.pk).update(message=b"\xff")

        assert deliver_due() == {FAILED: 1, SENT: 1}
        assert "can't decode" in Mail.objects.get(pk=broken.pk).error


class TestATransportThatRaises:
    @pytest.mark.parametrize(
        "error",
        [SystemExit(1), KeyboardInterrupt(), ValueError("\udcff"), OSError("\udcff")],
        ids=repr,
    )
    def test_whatever_keeps_no_other_mail_back(self, error, monkeypatch):
        queue("poison@example.com", "ada@example.com")

        def take(messages):
            if messages[0].to == ["poison@example.com"]:
                raise error
            return 1

        transport = SimpleNamespace(open=lambda: None, close=lambda: None, send_messages=take)
        monkeypatch.setattr(delivery, "get_connection", lambda backend: transport)

        assert deliver_due()[SENT] == 1
        assert type(error).__name__ in Mail.objects.get(to="poison@example.com").error
