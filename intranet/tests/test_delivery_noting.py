"""What became of a mail is noted, whoever writes for however long meanwhile."""

import sqlite3
from contextlib import closing, contextmanager
from threading import Timer
from types import SimpleNamespace

import pytest
from django.db import InterfaceError, OperationalError, connection, connections, transaction

from intranet import locks
from intranet.locks import persisting, waiting
from intranet.outbox import delivery
from intranet.outbox.delivery import deliver_due, end_old_leases
from intranet.outbox.models import Mail
from intranet.tests.outbox import FAILED, QUEUED, SENDING, SENT, lease, make_due, queue
from intranet.tests.test_locks import file  # noqa: F401

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="others lock rows only")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="a setting of it")
LASTS = 0.5  # seconds that somebody else writes


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    monkeypatch.setattr(locks, "REST", 0.05)


def server(monkeypatch, answer):
    """Have a mail server ask `answer()` each time how many mails it took; return what it got."""
    got = []

    def send_messages(messages):
        got.extend(str(it.recipients()) for it in messages)
        return answer()

    transport = SimpleNamespace(open=lambda: None, close=lambda: None, send_messages=send_messages)
    monkeypatch.setattr(delivery, "get_connection", lambda backend: transport)
    return got


@on_sqlite
@pytest.mark.django_db
class TestWhileSomebodyElseWrites:
    @pytest.fixture
    def begin_to_write(self, file):  # noqa: F811
        """Return what has another connection write for a while, and others wait for less."""
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as it:

            def begin():
                it.execute("BEGIN IMMEDIATE")
                Timer(LASTS, it.rollback).start()

            with waiting(0.05):
                yield begin

    def test_a_mail_that_was_sent_is_noted_once_that_is_over(self, begin_to_write, monkeypatch):
        got = server(monkeypatch, lambda: begin_to_write() or 1)
        queue("ada@example.com", "bob@example.com")

        assert deliver_due(limit=1) == {SENT: 1}
        assert [it.status for it in Mail.objects.order_by("pk")] == [SENT, QUEUED]
        assert len(got) == 1

    def test_so_is_each_of_several(self, begin_to_write, monkeypatch):
        got = server(monkeypatch, lambda: begin_to_write() or 1)
        queue("ada@example.com", "bob@example.com")

        assert deliver_due() == {SENT: 2}
        assert len(set(got)) == len(got) == 2

    @pytest.mark.parametrize(
        ("error", "status"), [(ConnectionResetError, QUEUED), (ValueError, FAILED)]
    )
    def test_so_is_one_that_failed(self, begin_to_write, monkeypatch, error, status):
        def refuse():
            begin_to_write()
            raise error

        server(monkeypatch, refuse)
        queue("ada@example.com")

        deliver_due(limit=1)

        assert (Mail.objects.get().status, Mail.objects.get().attempts) == (status, 1)

    def test_those_that_were_not_begun_go_back(self, begin_to_write):
        queue("ada@example.com", "bob@example.com")
        mails = delivery.taken(2)
        next(mails)

        begin_to_write()
        mails.close()

        assert [it.status for it in Mail.objects.order_by("pk")] == [SENDING, QUEUED]


@on_postgresql
@pytest.mark.django_db(transaction=True)
class TestLockTimeout:
    @contextmanager
    def locked(self):
        """Have another session hold the row of the mail for a while, and nobody wait for long."""
        other = connections.create_connection("default")
        other.set_autocommit(False)
        other.cursor().execute("SELECT * FROM intranet_mail FOR UPDATE")
        Timer(LASTS, other.connection.rollback).start()  # past the check of threads
        connection.cursor().execute("SET lock_timeout = 50")
        yield
        other.close()

    def test_a_mail_that_was_sent_is_noted_once_its_row_is_free(self, monkeypatch):
        queue("ada@example.com")
        mail = lease()

        with self.locked():
            delivery.settle(mail, status=SENT)

        assert Mail.objects.get().status == SENT


@pytest.mark.django_db
class TestLeaseThatRanOut:
    def test_what_was_sent_is_noted_unless_another_worker_took_it(self):
        queue("ada@example.com")
        mail = lease()
        for _ in range(2):
            make_due()
            end_old_leases()
        assert Mail.objects.get().status == QUEUED

        delivery.settle(mail, status=SENT)

        assert deliver_due() == {}


class TestPersisting:
    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_tries_until_the_database_is_back(self, error):
        answers = [error("gone"), error("gone"), 1]

        def write():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(locks, "connection", SimpleNamespace(in_atomic_block=False))
            patch.setattr(locks, "close_old_connections", lambda: None)
            assert persisting(write) == 1

    @pytest.mark.django_db
    def test_does_not_try_again_within_a_transaction_that_is_lost(self):
        def fail():
            raise OperationalError("gone")

        with pytest.raises(OperationalError), transaction.atomic():
            persisting(fail)
