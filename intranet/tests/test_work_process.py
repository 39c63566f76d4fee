"""Long work by real processes, killed in the middle: workers of this site, or RQ on a Redis."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings as site
from django.db import connection
from redis import Redis
from redis.exceptions import ConnectionError as NoRedis

from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.pages import confirming
from staff.models import User
from staff.tests.factories import make_superuser

from .smtp import wait_until
from .test_worker_process import PARTS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PEOPLE, MANY = "/admin/staff/user/", 1000
REDIS = "redis://127.0.0.1:6379/9"


class Site:
    """The test database where other processes reach it, and what runs on it."""

    def __init__(self, folder):
        self.file, self.processes = folder / "shared.sqlite3", []
        self.environment = os.environ | {
            "SECRET_KEY": "",
            "DATABASE_URL": self.database_url(),
            "MEDIA_ROOT": str(folder / "media"),
            "EMAIL_URL": "dummymail://",
            "SITE_URL": "https://intranet.test",
            "ALLOWED_HOSTS": "127.0.0.1",
            "WORK_LEASE": "2",
            "RQ_URL": "",
        }

    def database_url(self):
        if connection.vendor == "sqlite":
            return f"sqlite:///{self.file}"
        user, password, host, port, name = (
            quote(str(connection.settings_dict[part]), safe="") for part in PARTS
        )
        return f"postgres://{user}:{password}@{host}:{port}/{name}"

    def share(self):
        if connection.vendor == "sqlite":  # in memory, where no other process gets at it
            with closing(sqlite3.connect(self.file)) as copy:
                connection.connection.backup(copy)
                copy.execute("PRAGMA journal_mode=WAL")

    def start(self, *command, **environment):
        process = subprocess.Popen(
            [sys.executable, site.BASE_DIR / "manage.py", *command],
            env=self.environment | environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def kill(self, process):
        """Kill a process and what it began: RQ works in a group of its own."""
        begun = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True)
        for pid in begun.stdout.split():
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(int(pid), signal.SIGKILL)
        process.wait()

    def rows(self, sql):
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(self.file, timeout=20)) as database:
                return database.execute(sql).fetchall()
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def work(self):
        return self.rows("SELECT state, attempts FROM intranet_work WHERE writes ORDER BY asked_at")

    def people(self):
        return self.rows("SELECT count(*) FROM staff_user WHERE username LIKE 'u%'")[0][0]

    def gone(self):
        """Return how often the history says of how many people that they were deleted."""
        return self.rows(
            "SELECT count(*), count(DISTINCT object_key) FROM intranet_change"
            " WHERE kind = 'deleted' AND object_name LIKE 'u%'"
        )[0]


@pytest.fixture
def shared(tmp_path, transactional_db):
    shared = Site(tmp_path)
    yield shared
    for process in shared.processes:
        if process.poll() is None:
            shared.kill(process)


@pytest.fixture
def people(client):
    client.force_login(make_superuser())
    rows = [User(username=f"u{n}", email=f"u{n}@example.org", password="!") for n in range(MANY)]
    return User.objects.bulk_create(rows)


def asked(client, people):
    chosen = {"action": "delete_selected", "_selected_action": [it.pk for it in people]}
    client.post(PEOPLE, chosen)
    run.run_due()
    work = Work.objects.latest("asked_at")
    page = client.get(f"/admin/intranet/work/{work.pk}/answer/")
    return confirming(page) | {"action": "delete_selected", "post": "yes"}


@pytest.fixture
def deletion(client, people, shared, monkeypatch):
    """A deletion that is confirmed and that nobody is at yet."""
    monkeypatch.setattr("intranet.admin.bulk.LONG", 2)
    client.post(PEOPLE, asked(client, people))
    shared.share()
    return str(Work.objects.get(writes=True).pk)


class TestWorkers:
    def test_killed_in_the_middle_leave_nothing_and_it_is_done_once(self, deletion, shared):
        killed = shared.start("worker")
        wait_until(lambda: shared.work() == [("running", 1)])
        time.sleep(0.1)

        shared.kill(killed)
        in_between = shared.work(), shared.people(), shared.gone()
        shared.start("worker")
        wait_until(lambda: shared.work() == [("done", 2)], 60)

        assert in_between == ([("running", 1)], MANY, (0, 0))
        assert shared.people() == 0
        assert shared.gone() == (MANY, MANY)

    def test_told_to_end_give_it_back_at_once(self, deletion, shared):
        worker = shared.start("worker", WORK_LEASE="600")
        wait_until(lambda: shared.work() == [("running", 1)])

        worker.send_signal(signal.SIGTERM)
        code = worker.wait(timeout=30)
        shared.start("worker")
        wait_until(lambda: shared.work()[0][0] == "done", 60)

        assert code == 0
        assert shared.gone() == (MANY, MANY)

    def test_share_the_work(self, client, people, shared, monkeypatch):
        monkeypatch.setattr("intranet.admin.bulk.LONG", 2)
        for half in (people[::2], people[1::2]):
            client.post(PEOPLE, asked(client, half) | {"select_across": "0"})
            Work.objects.filter(writes=False).delete()
        shared.share()

        shared.start("worker", WORK_LEASE="60")
        shared.start("worker", WORK_LEASE="60")
        wait_until(lambda: {it[0] for it in shared.work()} <= {"done", "failed"}, 60)

        assert sorted(attempts for _state, attempts in shared.work()) == [1, 1]
        assert shared.gone()[0] == shared.gone()[1]


def answers(port):
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


class TestWebServer:
    def test_killed_after_the_click_loses_nothing(self, client, people, shared, monkeypatch):
        sent = asked(client, people)
        shared.share()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = shared.start("runserver", "--noreload", f"127.0.0.1:{port}")
        wait_until(lambda: answers(port))
        token, session = "x" * 32, client.cookies["sessionid"].value
        headers = {
            "Cookie": f"csrftoken={token}; sessionid={session}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode(sent | {"csrfmiddlewaretoken": token})

        web = HTTPConnection("127.0.0.1", port)
        web.request("POST", PEOPLE, body, headers)
        answer = web.getresponse()
        shared.kill(server)
        shared.start("worker")
        wait_until(lambda: [state for state, _ in shared.work()] == ["done"], 60)

        assert answer.status == 302
        assert shared.gone() == (MANY, MANY)


@pytest.fixture
def redis():
    redis = Redis.from_url(REDIS)
    try:
        redis.flushdb()
    except NoRedis:
        pytest.skip("There is no Redis.")
    yield redis
    redis.flushdb()


@pytest.mark.xdist_group("redis")
class TestRQ:
    SEND = "from intranet.tasks.run import run; run.enqueue({0!r}); run.enqueue({0!r})"

    def test_does_once_what_is_sent_for_twice(self, deletion, shared, redis):
        shared.start("shell", "-c", self.SEND.format(deletion), RQ_URL=REDIS).wait(60)

        shared.start("rqworker", RQ_URL=REDIS)
        wait_until(lambda: shared.work() == [("done", 1)], 60)

        assert shared.people() == 0
        assert shared.gone() == (MANY, MANY)

    def test_killed_in_the_middle_it_is_sent_for_again(self, deletion, shared, redis):
        shared.start("shell", "-c", self.SEND.format(deletion), RQ_URL=REDIS).wait(60)
        killed = shared.start("rqworker", RQ_URL=REDIS)
        wait_until(lambda: shared.work() == [("running", 1)])
        time.sleep(0.1)

        shared.kill(killed)
        in_between = shared.people(), shared.gone()
        shared.start("worker", RQ_URL=REDIS)
        shared.start("rqworker", RQ_URL=REDIS)
        wait_until(lambda: shared.work()[0][0] == "done", 60)

        assert in_between == (MANY, (0, 0))
        assert shared.gone() == (MANY, MANY)
