"""A worker that runs: its rounds, and the long work beside them."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from intranet import worker as worker_module
from intranet.outbox.models import Mail, Notice
from intranet.signals import long_work_due
from intranet.tests.outbox import send
from intranet.troubles import Noted
from intranet.worker import Worker
from staff.tests.factories import make_superuser

from .smtp import wait_until
from .test_mail import message
from .working import InTurns, working

pytestmark = pytest.mark.django_db


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


@pytest.mark.django_db(transaction=True)
class TestLongWork:
    def test_mail_goes_out_meanwhile(self, mailoutbox):
        worker, sent = InTurns(), []

        def take_long(**kwargs):
            try:
                worker.take_turn()
                send([message()])
                with suppress(AssertionError):
                    wait_until(lambda: mailoutbox)
                sent.append(len(mailoutbox))
            finally:
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
