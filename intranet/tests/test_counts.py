import subprocess
import sys
from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, transaction
from django.utils import timezone

import manage
from intranet.outbox.models import Mail, Notice
from intranet.signals import work_due
from intranet.trace import counts
from intranet.trace.action import current, mark
from intranet.trace.models import Action, ReceiverDay
from intranet.trace.wiring import connect, counted, disconnect
from intranet.vetoes import Veto
from intranet.worker import Worker
from staff.tests.factories import make_superuser

pytestmark = pytest.mark.django_db


class UnsayableError(Exception):
    def __str__(self):
        raise ZeroDivisionError


@pytest.fixture
def wire():
    """Return what connects a function to the rounds of the worker, as a receiver not seen yet."""
    wired = []

    def connect_for_now(do):
        def ring(**kwargs):
            """Rings the bell."""
            return do()

        connect(work_due, ring)
        wired.append(ring)
        return counted(ring)

    yield connect_for_now
    for receiver in wired:
        disconnect(work_due, receiver)


def fail_with(error):
    def fail():
        raise error

    return fail


def run(it, times=1):
    for _ in range(times):
        with suppress(Exception):
            it()


def day_of(it):
    return ReceiverDay.objects.get(receiver=it.uid)


class TestStore:
    def test_adds_runs_failures_and_time_to_the_day(self, wire):
        it = wire(fail_with(ValueError("late")))

        run(it, 2)
        counts.store()
        run(it)
        counts.store()

        day = day_of(it)
        assert (day.day, day.runs, day.failures) == (timezone.localdate(), 3, 3)
        assert day.last_error == "ValueError: late"
        assert day.seconds == pytest.approx(it.seconds)

    def test_says_when_it_ran_last(self, wire):
        it = wire(int)
        run(it)
        it.ended_at -= 3600

        counts.store()

        ago = timezone.now() - day_of(it).last_run_at
        assert timedelta(minutes=59) < ago < timedelta(minutes=61)

    def test_adds_to_what_other_processes_stored(self, wire):
        it = wire(int)
        ReceiverDay.objects.create(receiver=it.uid, day=timezone.localdate(), runs=5)

        run(it)
        counts.store()

        assert day_of(it).runs == 6

    def test_takes_as_many_queries_for_many_receivers_as_for_one(
        self, wire, django_assert_max_num_queries
    ):
        run(wire(int))

        with django_assert_max_num_queries(5):
            counts.store()

    def test_takes_none_when_nothing_ran(self, django_assert_num_queries):
        counts.store()

        with django_assert_num_queries(0):
            counts.store()

    def test_keeps_what_could_not_be_stored_for_the_next_time(self, wire, monkeypatch):
        it = wire(int)
        run(it)

        with monkeypatch.context() as patch:
            patch.setattr(counts, "_add", lambda *args: fail_with(DatabaseError)())
            counts.store()
        counts.store()

        assert day_of(it).runs == 1


@pytest.mark.django_db(transaction=True)
class TestNowAndThen:
    def test_a_request_stores_once_a_minute(self, client, wire, monkeypatch):
        it = wire(int)
        run(it)

        client.get("/")
        assert not ReceiverDay.objects.exists()
        monkeypatch.setattr(counts, "_next", 0)
        client.get("/")
        run(it)
        client.get("/")

        assert day_of(it).runs == 1

    def test_nothing_is_stored_within_a_transaction(self, wire, monkeypatch):
        it = wire(int)
        run(it)
        monkeypatch.setattr(counts, "_next", 0)

        with transaction.atomic():
            assert not counts.store_now_and_then()
            transaction.set_rollback(True)
        assert counts.store_now_and_then()

        assert day_of(it).runs == 1

    def test_the_worker_stores_and_tells(self, wire, monkeypatch):
        make_superuser()
        worker = Worker()
        monkeypatch.setattr(worker, "wait", lambda seconds: worker.stop())
        monkeypatch.setattr(counts, "_next", 0)
        it = wire(fail_with(ValueError))

        worker.run()

        assert day_of(it).failures == 1
        assert Notice.objects.filter(message__contains="Rings the bell.").count() == 1


class TestPurge:
    def test_forgets_days_that_are_shown_no_more(self):
        today = timezone.localdate()
        for ago in (29, 30, 31):
            ReceiverDay.objects.create(receiver="a", day=today - timedelta(days=ago), runs=1)

        counts.purge()

        assert ReceiverDay.objects.get().day == today - timedelta(days=29)


class TestTotals:
    def test_add_up_the_last_thirty_days(self):
        today, now = timezone.localdate(), timezone.now()
        for ago in (0, 29, 30):
            day = today - timedelta(days=ago)
            ReceiverDay.objects.create(
                receiver="a", day=day, runs=2, failures=1, seconds=0.5, last_run_at=now
            )

        assert counts.totals() == {
            "a": {"receiver": "a", "last": now, "ran": 4, "failed": 2, "took": 1.0, "mean": 250.0}
        }


class TestTelling:
    def tell(self):
        Worker().run_once()

    def notices(self):
        return Notice.objects.filter(message__contains="does by itself failed")

    def test_the_admins_are_told_once_a_day(self, wire):
        make_superuser()
        it = wire(fail_with(LookupError("nobody there")))
        Mail.objects.all().delete()

        run(it, 2)
        self.tell()
        run(it)
        self.tell()

        notice = self.notices().get()
        assert notice.message == "Something that the site does by itself failed: Rings the bell."
        assert "3 times today" in notice.detail
        assert "LookupError: nobody there" in notice.detail
        assert Mail.objects.count() == 1

    def test_and_again_the_next_day(self, wire):
        make_superuser()
        it = wire(fail_with(ValueError))
        run(it)
        self.tell()
        ReceiverDay.objects.update(day=timezone.localdate() - timedelta(days=1))

        run(it)
        self.tell()

        assert self.notices().count() == 2

    @pytest.mark.parametrize(
        "error",
        [UnsayableError(), ValueError("\udcff \0"), ValueError("x" * 10**6)],
        ids=["unsayable", "no UTF-8", "long"],
    )
    def test_whatever_an_error_says_is_told(self, error, wire):
        make_superuser()

        run(wire(fail_with(error)))
        self.tell()

        notice = self.notices().get()
        assert type(error).__name__ in notice.detail
        assert len(notice.detail) < 3000

    def test_a_refusal_is_no_news(self, wire):
        make_superuser()

        run(wire(fail_with(Veto("No."))))
        self.tell()

        assert not self.notices().exists()

    def test_a_database_that_was_busy_once_is_no_news(self):
        make_superuser()
        ReceiverDay.objects.create(
            receiver="a",
            day=timezone.localdate(),
            runs=1,
            failures=1,
            last_error="OperationalError: database is locked",
        )

        self.tell()
        assert not self.notices().exists()
        ReceiverDay.objects.update(failures=2)
        self.tell()

        assert self.notices().exists()

    def test_that_fails_ends_no_worker(self, monkeypatch, caplog):
        monkeypatch.setattr("intranet.troubles.tell_of_failing", fail_with(OperationalError))

        self.tell()

        assert "could not be told" in caplog.text


class TestManage:
    """What is done by `python manage.py …`."""

    def run(self, monkeypatch, *args, do=lambda: mark("default")):
        monkeypatch.setattr("django.core.management.execute_from_command_line", lambda argv: do())
        monkeypatch.setattr(sys, "argv", ["manage.py", *args])
        manage.main()

    def test_is_an_action_that_tells_no_secrets(self, monkeypatch):
        self.run(monkeypatch, "createsuperuser", "--token", "secret")

        action = Action.objects.latest("at")
        assert (action.via, action.summary) == ("command", "python manage.py createsuperuser")

    @pytest.mark.parametrize("command", ["runserver", "shell", "start", "test", "worker"])
    def test_is_no_action_where_it_is_many(self, monkeypatch, command):
        seen = []

        self.run(monkeypatch, command, do=lambda: seen.append(current()))

        assert seen == [None]

    def test_is_counted_even_when_it_fails(self, monkeypatch, wire):
        it = wire(fail_with(ValueError))

        with pytest.raises(ValueError):
            self.run(monkeypatch, "demo", do=it)

        assert day_of(it).failures == 1

    def test_says_nothing_of_a_database_without_tables(self, tmp_path):
        done = subprocess.run(
            [sys.executable, settings.BASE_DIR / "manage.py", "showmigrations", "intranet"],
            env={"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"},
            capture_output=True,
            text=True,
        )

        assert (done.returncode, done.stderr) == (0, "")
