from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.db import OperationalError, connection
from django.utils import timezone

from intranet.languages import speaking
from intranet.outbox import delivery
from intranet.outbox import mail as writing
from intranet.outbox.delivery import deliver_due, end_old_leases, settle
from intranet.outbox.mail import Withdrawn, late_makers
from intranet.outbox.models import Mail
from intranet.signals import work_due
from intranet.tests.outbox import send

from .smtp import MailServer
from .test_mail import NOTICE as FACTS

NOTICE = FACTS | {"message": "Ada left"}
pytestmark = pytest.mark.django_db
SENT, QUEUED, FAILED, SENDING = (
    Mail.Status.SENT,
    Mail.Status.QUEUED,
    Mail.Status.FAILED,
    Mail.Status.SENDING,
)


@pytest.fixture
def server(settings):
    server = MailServer()
    settings.MAIL_TRANSPORT = "intranet.outbox.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    server.start()
    yield server
    server.stop()


def queue(*recipients, body="Text"):
    send(EmailMessage("Hello", body, "us@example.com", [to]) for to in recipients)
    return list(Mail.objects.order_by("pk"))


def lease():
    return next(iter(delivery.lease(1)), None)


def make_due():
    Mail.objects.update(next_attempt_at=timezone.now())


class TestLease:
    def test_takes_the_mail_that_has_been_due_for_longest(self, settings, stop_clock):
        settings.MAIL_LEASE = 300
        _, second = queue("ada@example.com", "bob@example.com")
        earlier = timezone.now() - timedelta(hours=1)
        Mail.objects.filter(pk=second.pk).update(next_attempt_at=earlier)

        stop_clock()

        mail = lease()

        assert mail.pk == second.pk
        assert (mail.status, mail.attempts) == (SENDING, 1)
        assert mail.next_attempt_at == timezone.now() + timedelta(seconds=150)

    def test_leaves_what_is_leased_sent_failed_or_not_due(self):
        rows = queue("a@example.com", "b@example.com", "c@example.com", "d@example.com")
        later = timezone.now() + timedelta(hours=1)
        Mail.objects.filter(pk=rows[0].pk).update(status=SENDING, next_attempt_at=later)
        Mail.objects.filter(pk=rows[1].pk).update(status=SENT)
        Mail.objects.filter(pk=rows[2].pk).update(status=FAILED)
        Mail.objects.filter(pk=rows[3].pk).update(attempts=9, next_attempt_at=later)

        assert lease() is None

    def test_takes_a_lease_that_ran_out_twice(self):
        queue("ada@example.com")
        lease()
        make_due()

        end_old_leases()
        assert lease() is None
        make_due()
        end_old_leases()
        mail = lease()

        assert (mail.attempts, mail.lapsed) == (2, False)

    def test_takes_new_mail_before_that_which_failed(self):
        first, second = queue("ada@example.com", "bob@example.com")
        Mail.objects.filter(pk=first.pk).update(attempts=1)

        assert lease().pk == second.pk

    @pytest.mark.skipif("connection.vendor != 'sqlite'")
    def test_does_not_sort_all_that_waits(self):
        assert "TEMP B-TREE" not in Mail.objects.due()[:20].explain()

    def test_takes_a_link_before_everything_else(self):
        *_, last = queue("ada@example.com", "bob@example.com")
        Mail.objects.filter(pk=last.pk).update(priority=Mail.Priority.LINK, attempts=1)

        assert lease().pk == last.pk

    def test_gives_back_what_was_not_begun(self):
        queue("ada@example.com", "bob@example.com", "cem@example.com")
        rows = Mail.objects.order_by("pk").values_list("pk", "status", "attempts")
        waiting = list(rows)[1:]

        outcomes = deliver_due(stopping=lambda: Mail.objects.filter(status=SENT).exists())

        assert outcomes == {SENT: 1}
        assert list(rows.filter(status=QUEUED)) == waiting

    def test_a_slow_server_holds_nothing_back_from_a_link(self, monkeypatch):
        queue("ada@example.com", "bob@example.com", "cem@example.com")
        monkeypatch.setattr(delivery, "HELD", -1)
        mails = delivery.taken(3)
        next(mails)
        [*_, link] = queue("dan@example.com")
        Mail.objects.filter(pk=link.pk).update(priority=Mail.Priority.LINK)

        assert next(mails).pk == link.pk


class TestSettle:
    def test_a_late_worker_does_not_overwrite(self, caplog):
        queue("ada@example.com")
        late = lease()
        for _ in range(2):
            make_due()
            end_old_leases()
        lease()

        settle(late, status=FAILED)

        assert Mail.objects.get().status == SENDING
        assert "took longer" in caplog.text


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

    def test_stops_when_asked_to(self):
        queue("a@example.com", "b@example.com")

        outcomes = deliver_due(stopping=lambda: Mail.objects.filter(status=SENT).exists())

        assert outcomes == {SENT: 1}

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


DAY = timedelta(days=1)


class TestClockSetBack:
    """What was to wait for a moment is a day ahead then."""

    def test_a_new_mail_goes_out(self):
        queue("ada@example.com")
        Mail.objects.update(next_attempt_at=timezone.now() + DAY)

        assert deliver_due() == {SENT: 1}

    def test_so_it_does_when_the_clock_went_back_by_minutes(self):
        queue("ada@example.com")
        Mail.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=20))

        assert deliver_due() == {SENT: 1}

    def test_a_mail_that_failed_before_is_tried_again(self):
        queue("ada@example.com")
        Mail.objects.update(attempts=1, next_attempt_at=timezone.now() + DAY)

        assert deliver_due() == {SENT: 1}

    def test_a_mail_that_waits_for_its_next_attempt_still_does(self):
        queue("ada@example.com")
        later = timezone.now() + timedelta(minutes=59)
        Mail.objects.update(attempts=20, next_attempt_at=later)

        assert deliver_due() == {}

    def test_a_mail_whose_worker_was_killed_is_taken_over_in_the_end(self):
        queue("ada@example.com")
        lease()
        Mail.objects.update(next_attempt_at=timezone.now() + DAY)

        assert deliver_due() == {}
        make_due()
        assert deliver_due() == {SENT: 1}


class TestClockJumpsWhileSending:
    @pytest.mark.parametrize("jump", [timedelta(minutes=10), DAY, -timedelta(minutes=10), -DAY])
    def test_no_other_worker_takes_the_mail(self, jump, monkeypatch):
        queue("ada@example.com")
        others, now = [], timezone.now

        def take_long(messages):
            monkeypatch.setattr(timezone, "now", lambda: now() + jump)
            others.extend([deliver_due(), deliver_due()])
            return 1

        transport = SimpleNamespace(open=lambda: None, close=lambda: None, send_messages=take_long)
        monkeypatch.setattr(delivery, "get_connection", lambda backend: transport)

        assert deliver_due() == {SENT: 1}
        assert others == [{}, {}]
        assert Mail.objects.get().attempts == 1

    def test_a_lease_that_ran_out_once_before_is_not_over_sooner(self):
        queue("ada@example.com")
        Mail.objects.update(lapsed=True)

        assert not lease().lapsed

    def test_a_worker_that_was_killed_meanwhile_is_replaced(self, monkeypatch):
        queue("ada@example.com")
        lease()
        now, jump = timezone.now, timedelta(minutes=10)
        monkeypatch.setattr(timezone, "now", lambda: now() + jump)
        assert deliver_due() == {}
        jump += timedelta(seconds=151)

        assert deliver_due() == {SENT: 1}
