"""Acknowledging twice, and going, at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from documents.acknowledging import acknowledge
from documents.models import Acknowledgement
from documents.tests.factories import make_post
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one writer"),
]


def answering(post, person, done, start=None) -> Thread:
    """Return a thread, under way, that puts into `done` what acknowledging comes to."""

    def run():
        try:
            if start:
                start.wait()
            done.append(acknowledge(post, person))
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_one_person_twice_at_once_is_one_acknowledgement():
    post, person, start, done = make_post(asks_acknowledgement=True), make_user(), Barrier(2), []

    for thread in [answering(post, person, done, start) for _ in range(2)]:
        thread.join()

    assert sorted(done) == [False, True]
    assert Acknowledgement.objects.count() == 1


def test_whoever_is_being_deleted_meanwhile_has_not_acknowledged_and_nothing_fails():
    make_superuser()
    post, person, done = make_post(asks_acknowledgement=True), make_user(), []

    with transaction.atomic():
        User.objects.filter(pk=person.pk).delete()
        thread = answering(post, person, done)
        thread.join(1)  # it waits for the deletion
    thread.join()

    assert done == [None]
    assert not Acknowledgement.objects.exists()
