"""Real worker processes against a real mail server and a database of their own."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from urllib.parse import quote

import pytest
from django.conf import settings as site
from django.core.mail import EmailMessage
from django.db import connection

from intranet.outbox.models import Mail
from intranet.tests.outbox import send

from .smtp import MailServer, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PARTS = ("USER", "PASSWORD", "HOST", "PORT", "NAME")


@pytest.fixture
def server():
    server = MailServer()
    server.start()
    yield server
    server.hold = False
    server.stop()


class Site:
    """The test database where other processes reach it, and the workers that run on it."""

    def __init__(self, folder, server):
        self.file = folder / "shared.sqlite3"
        self.workers = []
        self.environment = os.environ | {
            "SECRET_KEY": "",
            "DATABASE_URL": self.database_url(),
            "MEDIA_ROOT": str(folder / "media"),
            "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
            "EMAIL_TIMEOUT": "5",
        }

    def database_url(self):
        if connection.vendor == "sqlite":
            return f"sqlite:///{self.file}"
        user, password, host, port, name = (
            quote(str(connection.settings_dict[part]), safe="") for part in PARTS
        )
        return f"postgres://{user}:{password}@{host}:{port}/{name}"

    def queue(self, count):
        """Put mails into the outbox the workers use; return their Message-IDs."""
        send(EmailMessage("Hello", "Text", to=[f"p{n}@example.com"]) for n in range(count))
        if connection.vendor == "sqlite":  # in memory, where no other process gets at it
            with closing(sqlite3.connect(self.file)) as copy:
                connection.connection.backup(copy)
        return list(Mail.objects.values_list("message_id", flat=True))

    def rows(self, column):
        return [value for (value,) in self.execute(f"SELECT {column} FROM intranet_mail")]

    def make_due(self):
        self.execute("UPDATE intranet_mail SET next_attempt_at = '2020-01-01' RETURNING id")

    def execute(self, sql):
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(self.file, timeout=20)) as database, database:
                return database.execute(sql).fetchall()
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def start_worker(self, **environment):
        worker = subprocess.Popen(
            [sys.executable, site.BASE_DIR / "manage.py", "worker"],
            env=self.environment | environment,
            stdout=subprocess.DEVNULL,
        )
        self.workers.append(worker)
        return worker

    def stop(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()


@pytest.fixture
def shared_site(tmp_path, server, transactional_db):
    shared_site = Site(tmp_path, server)
    yield shared_site
    shared_site.stop()


class TestWorkerProcess:
    def test_killed_while_sending_loses_nothing(self, shared_site, server):
        message_ids = shared_site.queue(3)
        server.hold = True
        killed = shared_site.start_worker(MAIL_LEASE="1")
        wait_until(lambda: server.arrived)

        killed.send_signal(signal.SIGKILL)
        killed.wait()
        in_between = shared_site.rows("status")
        server.hold = False
        shared_site.start_worker(MAIL_LEASE="4")
        wait_until(lambda: shared_site.rows("status") == ["sent"] * 3)

        assert in_between == ["sending"] * 3
        assert sorted(server.message_ids) == sorted(message_ids)
        assert max(shared_site.rows("attempts")) == 2

    def test_two_at_once_send_nothing_twice(self, shared_site, server):
        message_ids = shared_site.queue(30)
        server.hold = True
        shared_site.start_worker()
        shared_site.start_worker()
        wait_until(lambda: len(set(server.arrived)) == 2)

        server.hold = False
        wait_until(lambda: shared_site.rows("status") == ["sent"] * 30)

        assert sorted(server.message_ids) == sorted(message_ids)
        assert set(shared_site.rows("attempts")) == {1}

    def test_a_clock_that_jumps_ahead_gives_no_mail_to_a_second_worker(self, shared_site, server):
        message_ids = shared_site.queue(1)
        server.hold = True
        shared_site.start_worker(EMAIL_TIMEOUT="60")
        wait_until(lambda: server.arrived)
        shared_site.make_due()

        shared_site.start_worker(EMAIL_TIMEOUT="60")
        wait_until(lambda: shared_site.rows("lapsed") == [1])
        time.sleep(2)
        server.hold = False
        wait_until(lambda: shared_site.rows("status") == ["sent"])

        assert server.message_ids == message_ids
        assert len(server.arrived) == 1

    def test_told_to_end_finishes_the_mail_at_hand(self, shared_site, server):
        shared_site.queue(2)
        server.hold = True
        worker = shared_site.start_worker()
        wait_until(lambda: server.arrived)

        worker.send_signal(signal.SIGTERM)
        server.hold = False
        code = worker.wait(timeout=30)

        assert code == 0
        assert sorted(shared_site.rows("status")) == ["queued", "sent"]

    def test_outlives_its_mail_server_and_delivers_once_it_is_back(self, shared_site, server):
        server.stop()
        message_ids = shared_site.queue(1)
        worker = shared_site.start_worker()
        wait_until(lambda: "refused" in shared_site.rows("error")[0])
        alive = worker.poll() is None

        server.start()
        shared_site.make_due()
        shared_site.start_worker()
        wait_until(lambda: shared_site.rows("status") == ["sent"])

        assert alive
        assert server.message_ids == message_ids
