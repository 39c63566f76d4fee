import asyncio
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from intranet import worker as worker_module
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail, Notice
from intranet.signals import long_work_due, work_due
from intranet.tests.outbox import send
from intranet.trace.action import mark
from intranet.trace.models import Action
from intranet.trace.wiring import connect, counted, disconnect
from intranet.troubles import Noted
from intranet.worker import Worker
from staff.tests.factories import make_superuser

from .smtp import wait_until
from .test_mail import message

pytestmark = pytest.mark.django_db


@contextmanager
def working(receiver, signal=work_due):
    """Connect `receiver` to the rounds of the worker."""
    connect(signal, receiver)
    try:
        yield
    finally:
        disconnect(signal, receiver)


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


@pytest.mark.django_db(transaction=True)
class TestRun:
    def test_goes_on_after_errors_until_stopped(self, monkeypatch):
        worker, waits = Worker(), []
        monkeypatch.setattr(worker, "wait", lambda seconds: waits.append(seconds))

        def fail_twice(**kwargs):
            worker.stopping = len(waits) == 3
            if len(waits) < 2:
                raise OperationalError("out of reach")

        monkeypatch.setattr(worker_module, "delay", lambda attempts: timedelta())
        with working(fail_twice):
            worker.run()

        assert waits == [1, 2, 4, 8]

    def test_takes_a_breath_when_all_that_was_due_failed(self, monkeypatch):
        worker, waits = Worker(), []
        monkeypatch.setattr(worker, "wait", lambda seconds: waits.append(seconds))

        def note(**kwargs):
            worker.stopping = True
            raise Noted

        with working(note):
            worker.run()

        assert waits == [1]

    @pytest.mark.skipif("connection.vendor == 'sqlite'", reason="needs a database server")
    def test_connects_again_after_losing_the_database(self, monkeypatch):
        worker, rounds = Worker(), []

        def wait(seconds):
            rounds.append(seconds)
            worker.stopping = len(rounds) == 3

        def lose_the_database_once(**kwargs):
            if not rounds:
                connection.connection.close()
            return 0

        monkeypatch.setattr(worker, "wait", wait)
        with working(lose_the_database_once):
            worker.run()

        assert rounds == [1, 2, 4]
        assert not Mail.objects.exists()

    def test_waiting_ends_within_a_second_of_stopping(self, monkeypatch):
        worker, waited = Worker(), []

        def rings(seconds):
            waited.append(seconds)
            worker.stopping = len(waited) == 2

        monkeypatch.setattr(worker.bell, "rings", rings)

        worker.wait(60)

        assert waited == [1, 1]

    def test_waiting_ends_when_somebody_has_written(self, monkeypatch):
        worker, rung = Worker(), iter([False, True])
        monkeypatch.setattr(worker.bell, "rings", lambda seconds: next(rung))

        worker.wait(60)

        assert not [*rung]

    def test_waits_longer_each_time_until_there_is_something_to_do(self, monkeypatch):
        worker, waits = Worker(), []

        def wait(seconds):
            waits.append(seconds)
            worker.stopping = len(waits) == 9

        monkeypatch.setattr(worker, "wait", wait)
        with working(lambda **kwargs: len(waits) == 7 and not waits.append("worked")):
            worker.run()

        assert waits == [1, 2, 4, 8, 16, 30, 30, "worked", 1]


class InTurns(Worker):
    """Its thread and its rounds take turns: on SQLite in memory, threads lock each other out.

    What runs in the thread calls `take_turn()` before it touches the database.
    """

    def __init__(self):
        super().__init__()
        self.begun, self.idle = threading.Event(), threading.Event()

    def begin_long_work(self):
        super().begin_long_work()
        self.begun.wait(5)

    def work_until_idle(self):
        done = super().work_until_idle()
        self.idle.set()
        return done

    def wait(self, seconds):
        self.idle.set()
        super().wait(seconds)

    def take_turn(self):
        self.begun.set()
        self.idle.wait(5)


@pytest.mark.django_db(transaction=True)
class TestLongWork:
    def test_mail_goes_out_meanwhile(self, mailoutbox):
        worker, sent = InTurns(), []

        def take_long(**kwargs):
            worker.take_turn()
            send([message()])
            with suppress(AssertionError):
                wait_until(lambda: mailoutbox)
            sent.append(len(mailoutbox))
            worker.stop()

        with working(take_long, long_work_due):
            worker.run()
            worker.long_work.join(30)

        assert sent == [1]

    def test_mail_that_it_queues_goes_out_in_the_same_run(self, mailoutbox):
        worker = InTurns()

        def take_long(**kwargs):
            worker.take_turn()
            send([message()])
            return 1

        with working(take_long, long_work_due):
            done = worker.run_once()

        assert done == {Mail.Status.SENT: 1, "other": 1}
        assert len(mailoutbox) == 1

    @pytest.mark.parametrize("error", [ZeroDivisionError("boom"), SystemExit(1)])
    def test_the_admins_are_told_and_it_counts_when_it_raises(self, error):
        worker = InTurns()

        def fail_beside(**kwargs):
            """Takes long."""
            worker.take_turn()
            raise error

        make_superuser()
        with working(fail_beside, long_work_due):
            assert worker.run_once()["errors"] == 1

        assert Notice.objects.filter(message__contains="Takes long.").count() == 1

    def test_that_cannot_be_begun_keeps_nothing_waiting(self, monkeypatch, mailoutbox):
        def fail(thread):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(worker_module.Thread, "start", fail)
        send([message()])

        assert Worker().run_once() == {Mail.Status.SENT: 1}

    def test_one_at_a_time_and_not_without_a_pause(self):
        running, worker = threading.Event(), Worker()
        starts = []

        def take_long(**kwargs):
            starts.append(1)
            running.wait(30)

        with working(take_long, long_work_due):
            worker.begin_long_work()
            wait_until(lambda: starts)
            worker.long_work_resumes_at = 0.0
            worker.begin_long_work()
            one_at_a_time = len(starts) == 1
            running.set()
            worker.long_work.join(30)
            worker.begin_long_work()
            worker.begin_long_work()
            worker.long_work.join(30)

        assert one_at_a_time
        assert len(starts) == 2

    def test_stopping_does_not_wait_for_it(self):
        worker, ended = Worker(), threading.Event()

        def take_long(**kwargs):
            worker.stop()
            ended.wait(30)

        with working(take_long, long_work_due):
            worker.run()
            alive = worker.long_work.is_alive()
            ended.set()
            worker.long_work.join(30)

        assert alive


class TestCommand:
    def test_once_says_what_it_did(self):
        send([message(), message()])
        output = StringIO()

        call_command("worker", once=True, stdout=output)

        assert output.getvalue() == (
            "Mails: 2 sent, 0 to be tried again, 0 failed. Other work: 0 done.\n"
        )

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
