import signal
import threading
import time
from contextlib import contextmanager
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from intranet import worker as worker_module
from intranet.delivery import deliver_due
from intranet.mail import send
from intranet.models import Mail
from intranet.signals import work_due
from intranet.worker import Worker

from .test_mail import message

pytestmark = pytest.mark.django_db


@contextmanager
def working(receiver):
    """Connect `receiver` to the rounds of the worker."""
    work_due.connect(receiver, weak=False)
    try:
        yield
    finally:
        work_due.disconnect(receiver)


def do_three_things(**kwargs):
    return 3


def fail(**kwargs):
    raise OperationalError("out of reach")


class TestWorkARound:
    def test_delivers_mail_and_lets_receivers_work(self, mailoutbox):
        send([message()])

        with working(do_three_things):
            done = Worker().work_a_round()

        assert done == {Mail.Status.SENT: 1, "other": 3}
        assert len(mailoutbox) == 1

    @pytest.mark.parametrize("answer", ["done", None, [1]])
    def test_a_receiver_that_answers_with_no_number_is_borne(self, answer):
        def answer_oddly(**kwargs):
            return answer

        with working(answer_oddly), working(do_three_things):
            assert Worker().work_a_round() == {"other": 3}

    def test_a_failing_receiver_is_logged_and_stops_no_other(self, caplog):
        with working(fail), working(do_three_things):
            done = Worker().work_a_round()

        assert done == {"errors": 1, "other": 3}
        assert "test_worker.fail failed" in caplog.text

    def test_trouble_with_mail_is_logged_and_stops_no_receiver(self, settings, caplog):
        settings.MAIL_TRANSPORT = "no.such.Backend"
        send([message()])

        with working(do_three_things):
            done = Worker().work_a_round()

        assert done == {"errors": 1, "other": 3}
        assert "No module named 'no'" in caplog.text

    def test_an_unreachable_mail_server_is_left_alone_for_a_while(self, monkeypatch):
        rounds = []
        monkeypatch.setattr(
            worker_module, "deliver_due", lambda **kwargs: rounds.append(1) or {"down": 1}
        )
        worker = Worker()

        worker.deliver()
        worker.deliver()

        assert len(rounds) == 1
        assert 29 < worker.mail_resumes_at - time.monotonic() <= 30


class TestRunOnce:
    def test_does_all_that_is_due_however_many_rounds_it_takes(self, monkeypatch):
        pieces = [2, 2, 1]
        in_twos = partial(deliver_due, limit=2)
        monkeypatch.setattr(worker_module, "deliver_due", in_twos)
        send([message(f"person{number}@example.com") for number in range(5)])

        with working(lambda **kwargs: pieces.pop() if pieces else 0):
            done = Worker().run_once()

        assert done == {Mail.Status.SENT: 5, "other": 5}

    def test_ends_when_all_that_is_left_fails(self):
        with working(fail):
            done = Worker().run_once()

        assert done == {"errors": 1}


@pytest.mark.django_db(transaction=True)
class TestRun:
    def test_goes_on_after_errors_until_stopped(self, monkeypatch):
        worker, waits = Worker(), []
        monkeypatch.setattr(worker, "wait", lambda seconds: waits.append(seconds))

        def fail_twice(**kwargs):
            worker.stopping = len(waits) == 3
            if len(waits) < 2:
                raise OperationalError("out of reach")

        with working(fail_twice):
            worker.run()

        assert waits == [10, 10, 1, 1]

    @pytest.mark.skipif("connection.vendor == 'sqlite'", reason="needs a database server")
    def test_connects_again_after_losing_the_database(self, monkeypatch):
        worker, rounds = Worker(), []
        monkeypatch.setattr(worker, "wait", lambda seconds: rounds.append(seconds))

        def lose_the_database_once(**kwargs):
            worker.stopping = len(rounds) == 2
            if not rounds:
                connection.connection.close()
            return 0

        with working(lose_the_database_once):
            worker.run()

        assert rounds == [1, 1, 1]
        assert not Mail.objects.exists()

    def test_waiting_ends_soon_after_stopping(self):
        worker = Worker()
        threading.Timer(0.1, worker.stop).start()
        started = time.monotonic()

        worker.wait(60)

        assert time.monotonic() - started < 5


class TestCommand:
    def test_once_says_what_it_did(self):
        send([message(), message()])
        output = StringIO()

        call_command("worker", once=True, stdout=output)

        assert output.getvalue() == (
            "Mails: 2 sent, 0 to be tried again, 0 failed. Other work: 0 done.\n"
        )

    def test_once_says_that_the_mail_server_is_down(self, settings):
        settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        send([message()])
        output = StringIO()

        call_command("worker", once=True, stdout=output)

        assert "1 to be tried again" in output.getvalue()
        assert "could not be reached" in output.getvalue()

    def test_once_exits_with_an_error_after_trouble(self):
        with working(fail), pytest.raises(CommandError, match="Errors: 1"):
            call_command("worker", once=True, stdout=StringIO())

    def test_leaves_the_signal_handlers_as_they_were(self):
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

        call_command("worker", once=True, stdout=StringIO())

        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
