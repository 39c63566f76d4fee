"""Delivery to a real mail server: of stored messages, and of those written when they are sent."""

import pytest
from django.db import OperationalError
from django.utils import timezone

from intranet.languages import speaking
from intranet.outbox import delivery
from intranet.outbox import mail as writing
from intranet.outbox.delivery import deliver_due
from intranet.outbox.mail import Withdrawn, late_makers
from intranet.outbox.models import Mail
from intranet.tests.outbox import FAILED, QUEUED, SENDING, SENT, lease, make_due, queue

from .smtp import MailServer
from .test_mail import NOTICE as FACTS

pytestmark = pytest.mark.django_db
NOTICE = FACTS | {"message": "Ada left"}


@pytest.fixture
def server(settings):
    server = MailServer()
    settings.MAIL_TRANSPORT = "intranet.outbox.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    server.start()
    yield server
    server.stop()


class TestAMailOfATemplate:
    @pytest.fixture
    def rows(self):
        return writing.queue("notice", ["ada@example.com", "bob@example.com"], NOTICE)

    def test_is_rendered_when_it_is_sent(self, rows, server):
        deliver_due()

        [(recipient, message_id, raw), _] = server.received
        assert (recipient, message_id) == ("ada@example.com", rows[0].message_id)
        assert b"To: ada@example.com" in raw
        assert b"Auto-Submitted: auto-generated" in raw
        assert raw.count(b"Ada left") == 3  # in the subject, the text and the HTML

    def test_what_it_says_is_erased_once_sent_and_what_it_was_stays(self, rows):
        deliver_due()

        assert {(row.template, str(row.context)) for row in Mail.objects.all()} == {
            ("notice", "{}")
        }

    def test_one_that_fails_can_be_sent_again(self, rows, server):
        server.answers["ada@example.com"] = "550 5.1.1 Nobody of that name"
        deliver_due()
        server.answers.clear()

        Mail.objects.filter(status=FAILED).update(status=QUEUED, attempts=0)

        assert deliver_due() == {SENT: 1}

    @pytest.mark.parametrize("broken", [{"template": "nothing"}, {"context": {"late": 1}}], ids=str)
    def test_one_that_cannot_be_written_fails_and_stops_no_other(self, rows, broken):
        Mail.objects.filter(pk=rows[0].pk).update(**broken)

        assert deliver_due() == {FAILED: 1, SENT: 1}
        failed = Mail.objects.get(pk=rows[0].pk)
        assert failed.error.startswith("This mail could not be written: ")
        with speaking("de"):
            failed.refresh_from_db()
        assert failed.error.startswith("Diese Mail konnte nicht geschrieben werden: ")
        assert failed.context

    def test_one_with_nothing_to_say_any_more_goes_and_stops_no_other(self, rows, monkeypatch):
        def withdraw(mail):
            raise Withdrawn

        monkeypatch.setitem(late_makers, "link", withdraw)
        Mail.objects.filter(pk=rows[0].pk).update(context=NOTICE | {"late": {"url": "link"}})

        assert deliver_due() == {delivery.WITHDRAWN: 1, SENT: 1}
        assert Mail.objects.get().pk == rows[1].pk

    def test_a_database_that_is_locked_is_not_its_fault(self, rows, monkeypatch):
        def fail(mail):
            raise OperationalError("database is locked")

        monkeypatch.setattr(delivery, "compose", fail)

        with pytest.raises(OperationalError):
            deliver_due()

        assert not Mail.objects.filter(status=FAILED).exists()


class TestDeliveryBySmtp:
    def test_the_stored_bytes_arrive(self, server):
        body = "Größe\n.\n..dots\n\nFrom here\n" + "long " * 300
        [stored] = queue("ada@example.com", body=body)

        deliver_due()

        [(recipient, message_id, raw)] = server.received
        assert (recipient, message_id) == ("ada@example.com", stored.message_id)
        assert raw.replace(b"\r\n", b"\n").strip() == bytes(stored.message).strip()

    def test_a_batch_uses_one_connection(self, server):
        queue("a@example.com", "b@example.com", "c@example.com")

        deliver_due()

        assert len(server.arrived) == 3
        assert len(set(server.arrived)) == 1

    def test_a_refused_recipient_fails_with_the_servers_words_and_keeps_the_body(self, server):
        server.answers["ada@example.com"] = "550 5.1.1 Nobody of that name"
        queue("ada@example.com", "bob@example.com")

        outcomes = deliver_due()

        refused = Mail.objects.get(to="ada@example.com")
        assert outcomes == {FAILED: 1, SENT: 1}
        assert (refused.status, refused.error) == (FAILED, "550 5.1.1 Nobody of that name")
        assert bytes(refused.message)

    def test_a_refused_message_fails(self, server):
        server.after_data = "554 5.7.1 Looks like spam"
        queue("ada@example.com")

        assert deliver_due() == {FAILED: 1}
        assert Mail.objects.get().error == "554 5.7.1 Looks like spam"

    def test_a_temporary_refusal_is_tried_again_later_and_later(self, server, stop_clock):
        server.answers["ada@example.com"] = "451 4.7.1 Greylisted"
        queue("ada@example.com", "bob@example.com")
        stop_clock()
        delays = []

        for _ in range(3):
            deliver_due()
            mail = Mail.objects.get(to="ada@example.com")
            delays.append((mail.next_attempt_at - timezone.now()).total_seconds())
            make_due()

        assert (mail.status, mail.error) == (QUEUED, "451 4.7.1 Greylisted")
        assert delays == [10, 20, 40]
        assert server.recipients == ["bob@example.com"]

    def test_a_mail_is_given_up_after_too_many_attempts(self, server):
        server.answers["ada@example.com"] = "451 4.7.1 Greylisted"
        queue("ada@example.com")
        Mail.objects.update(attempts=delivery.MAX_ATTEMPTS - 1)

        assert deliver_due() == {FAILED: 1}

    def test_a_mail_that_ends_its_worker_each_time_is_given_up(self, server):
        queue("ada@example.com")
        Mail.objects.update(attempts=delivery.MAX_ATTEMPTS, status=SENDING, lapsed=True)

        assert deliver_due() == {FAILED: 1}
        assert server.received == []

    def test_an_address_the_server_cannot_be_told_fails_alone(self, server):
        first, _ = queue("ada@example.com", "bob@example.com")
        Mail.objects.filter(pk=first.pk).update(to="Ada <ada@")

        assert deliver_due() == {FAILED: 1, SENT: 1}

    def test_an_unreachable_server_is_tried_once_a_batch(self, server):
        server.stop()
        queue("ada@example.com", "bob@example.com")

        outcomes = deliver_due()

        assert outcomes == {QUEUED: 1, "down": 1}
        assert sorted(Mail.objects.values_list("attempts", flat=True)) == [0, 1]
        assert "refused" in Mail.objects.get(attempts=1).error

    def test_a_server_killed_and_restarted_gets_every_mail_once(self, server):
        early, late = queue("early@example.com", "late@example.com")
        deliver_due(limit=1)
        server.stop()
        deliver_due()

        server.start()
        make_due()
        deliver_due()
        deliver_due()

        assert server.message_ids == [early.message_id, late.message_id]
        assert Mail.objects.get(pk=late.pk).attempts == 2

    def test_a_connection_lost_between_two_mails_is_opened_again(self, server):
        first, second = queue("a@example.com", "b@example.com")
        transport = delivery.get_connection("intranet.outbox.smtp.EmailBackend")
        delivery.deliver(lease(), transport)
        server.stop()
        server.start()

        with pytest.raises(delivery.ConnectionCut):
            delivery.deliver(lease(), transport)
        make_due()
        delivery.deliver(lease(), transport)
        delivery.close(transport)

        assert server.message_ids == [first.message_id, second.message_id]

    def test_a_mail_on_which_the_server_cuts_the_connection_waits_alone(self, server):
        server.cut_off = {"cut@example.com"}
        queue("a@example.com", "cut@example.com", "b@example.com", "c@example.com")

        outcomes = deliver_due()

        assert outcomes == {SENT: 3, QUEUED: 1}
        assert server.recipients == ["a@example.com", "b@example.com", "c@example.com"]
        assert len(server.cuts) == 1
        assert len(set(server.arrived)) == 2
        assert "closed" in Mail.objects.get(to="cut@example.com").error

    def test_several_of_them_keep_no_other_back(self, server):
        bad = [f"cut{number}@example.com" for number in range(5)]
        server.cut_off = set(bad)
        queue(*bad, "a@example.com")

        assert deliver_due() == {SENT: 1, QUEUED: 5}

    def test_many_of_them_among_others_are_no_sign_of_a_server_that_is_down(self, server):
        bad = [f"cut{number}@example.com" for number in range(12)]
        server.cut_off = set(bad)
        queue(*(to for address in bad for to in (address, f"not-{address}")))

        assert deliver_due() == {SENT: 12, QUEUED: 12}

    def test_a_server_that_cuts_every_connection_is_left_alone(self, server):
        people = [f"p{number}@example.com" for number in range(30)]
        server.cut_off = set(people)
        queue(*people)

        outcomes = deliver_due()

        assert outcomes == {QUEUED: 10, "down": 1}
        assert len(server.cuts) == 10

    def test_a_server_that_goes_down_for_good_is_not_tried_again(self, server, monkeypatch):
        queue("a@example.com", "b@example.com", "c@example.com")
        transport = delivery.get_connection("intranet.outbox.smtp.EmailBackend")
        monkeypatch.setattr(delivery, "get_connection", lambda backend: transport)
        transport.open()
        server.stop()

        outcomes = deliver_due()

        assert outcomes == {QUEUED: 2, "down": 1}
        assert sorted(Mail.objects.values_list("attempts", flat=True)) == [0, 1, 1]
