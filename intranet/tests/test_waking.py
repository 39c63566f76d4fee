from threading import Thread

import pytest
from django.core.mail import EmailMessage
from django.db import connection, connections
from django.utils import timezone

from intranet.tasks import run as tasks
from intranet.tasks.models import Work
from intranet.waking import Bell, announce
from intranet.worker import Worker
from staff.tests.factories import make_superuser

from .outbox import send

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(do):
    def on_a_connection_of_its_own():
        do()
        connections.close_all()

    thread = Thread(target=on_a_connection_of_its_own)
    thread.start()
    thread.join()


def test_rings_for_what_somebody_else_wrote_since_it_listens():
    bell = Bell()
    bell.listen()

    elsewhere(lambda: send([EmailMessage("Hello", "Text", "us@example.com", ["a@example.com"])]))

    assert bell.rings(0.1)


def test_rings_for_a_question_that_is_to_be_answered_beside_its_page():
    work = Work.objects.create(person=make_superuser())
    bell = Bell()
    bell.listen()

    def send():
        Work.objects.update(due_at=timezone.now())
        tasks.run.enqueue(str(work.pk))

    elsewhere(send)

    assert bell.rings(0.1)


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_worker_whose_connection_was_cut_looks_at_once_and_listens_again(monkeypatch):
    monkeypatch.setattr("intranet.worker.time.sleep", bool)
    worker = Worker()
    worker.listen()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()

    def cut():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    elsewhere(cut)
    rang = worker.rings()
    elsewhere(lambda: announce("default"))

    assert rang
    assert worker.rings()


def test_is_silent_otherwise():
    bell = Bell()
    bell.listen()

    elsewhere(lambda: None)

    assert not bell.rings(0.1)
