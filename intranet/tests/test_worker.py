"""What a worker does in a round, and when it is run once."""

import asyncio
import signal
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from intranet import worker as worker_module
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import send
from intranet.trace.action import mark
from intranet.trace.models import Action
from intranet.trace.wiring import counted
from intranet.troubles import Noted
from intranet.worker import Worker

from .test_mail import message
from .working import working

pytestmark = pytest.mark.django_db


def do_three_things(**kwargs):
    return 3


class UnsayableError(Exception):
    def __str__(self):
        raise ZeroDivisionError


def fail(**kwargs):
    """Fails."""
    raise OperationalError("out of reach")


class TestWorkARound:
    def test_delivers_mail_and_lets_receivers_work(self, mailoutbox):
        send([message()])

        with working(do_three_things):
            done = Worker().work_a_round()

        assert done == {Mail.Status.SENT: 1, "other": 3}
        assert len(mailoutbox) == 1

    @pytest.mark.parametrize(
        "error",
        [
            SystemExit,
            OperationalError("out of reach"),
            KeyboardInterrupt,
            GeneratorExit,
            asyncio.CancelledError,
            BaseExceptionGroup("several", [SystemExit()]),
            UnsayableError(),
        ],
        ids=repr,
    )
    def test_only_the_receiver_that_failed_rests(self, error, mailoutbox):
        calls = []

        def fail_each_time(**kwargs):
            calls.append(1)
            raise error

        worker = Worker()
        with working(fail_each_time), working(do_three_things):
            worker.work_a_round()
            send([message()])
            done = worker.work_a_round()

        assert len(calls) == 1
        assert done == {Mail.Status.SENT: 1, "other": 3}

    def test_a_receiver_that_rested_is_asked_again(self, monkeypatch):
        monkeypatch.setattr(worker_module, "delay", lambda attempts: timedelta())
        worker = Worker()

        with working(fail):
            worker.work_a_round()

            assert worker.work_a_round()["errors"] == 1

    def test_what_was_noted_keeps_the_worker_from_nothing(self):
        def note(**kwargs):
            raise Noted

        with working(note):
            assert Worker().work_a_round() == Counter(errors=1, noted=1)

    @pytest.mark.parametrize("answer", ["done", None, [1], -3])
    def test_a_receiver_that_answers_with_no_number_is_borne(self, answer):
        def answer_oddly(**kwargs):
            return answer

        with working(answer_oddly), working(do_three_things):
            assert Worker().work_a_round() == {"other": 3}

    def test_a_receiver_that_is_a_coroutine_works_too(self):
        async def do_two_things(**kwargs):
            return 2

        with working(do_two_things):
            assert Worker().work_a_round() == {"other": 2}

    def test_what_a_receiver_does_is_an_action_that_says_what(self):
        def write_to_ada(**kwargs):
            """Writes to Ada."""
            mark("default")

        with working(write_to_ada):
            Worker().work_a_round()

        action = Action.objects.get(via=Action.Via.WORKER)
        assert (action.actor_name, action.summary) == ("the system", "Writes to Ada.")

    def test_counts_what_a_receiver_does(self):
        with working(fail):
            before = counted(fail).runs, counted(fail).failures
            Worker().work_a_round()

            assert (counted(fail).runs, counted(fail).failures) == (before[0] + 1, before[1] + 1)

    def test_a_failing_receiver_is_logged_and_stops_no_other(self, caplog):
        with working(fail), working(do_three_things):
            done = Worker().work_a_round()

        assert done == {"errors": 1, "other": 3}
        assert "test_worker.fail" in caplog.text

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
        clock = SimpleNamespace(now=0.0)
        clock.monotonic = lambda: clock.now
        monkeypatch.setattr(worker_module, "time", clock)
        worker = Worker()

        for clock.now in (0, 29, 30):
            worker.deliver()

        assert len(rounds) == 2


class TestASlowMailServer:
    @pytest.fixture(autouse=True)
    def slow(self, monkeypatch):
        """Let each mail take longer than mail may keep the other work waiting."""
        clock = SimpleNamespace(now=0.0, sleep=time.sleep)
        clock.monotonic = lambda: clock.now
        monkeypatch.setattr(worker_module, "time", clock)

        def give_up(backend, messages):
            clock.now += worker_module.MAIL_TURN + 1
            raise TimeoutError

        monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", give_up)
        send(message() for _ in range(20))

    def test_lets_the_other_work_have_its_turn(self):
        with working(do_three_things):
            assert Worker().work_a_round() == {Mail.Status.QUEUED: 1, "other": 3}

    def test_is_left_alone_in_the_end(self):
        assert Worker().run_once() == {Mail.Status.QUEUED: worker_module.STALLS}


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


class TestCommand:
    def test_once_says_what_it_did(self):
        send([message(), message()])
        output = StringIO()

        call_command("worker", once=True, stdout=output)

        assert output.getvalue() == (
            "Mails: 2 sent, 0 to be tried again, 0 failed. Other work: 0 done.\n"
        )

    def test_once_writes_thousands_with_separators(self, monkeypatch):
        monkeypatch.setattr(Worker, "run_once", lambda self: Counter(sent=5000))
        output = StringIO()

        call_command("worker", once=True, stdout=output)

        assert output.getvalue().startswith("Mails: 5,000 sent, 0 to be")

    def test_once_exits_with_an_error_when_the_mail_server_is_down(self, settings):
        settings.MAIL_TRANSPORT = "intranet.outbox.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        send([message()])
        output = StringIO()

        with pytest.raises(CommandError, match="could not be reached"):
            call_command("worker", once=True, stdout=output)

        assert "1 to be tried again" in output.getvalue()

    def test_once_exits_with_an_error_after_trouble(self):
        with working(fail), pytest.raises(CommandError, match="Errors: 1"):
            call_command("worker", once=True, stdout=StringIO())

    def test_leaves_the_signal_handlers_as_they_were(self):
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

        call_command("worker", once=True, stdout=StringIO())

        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
