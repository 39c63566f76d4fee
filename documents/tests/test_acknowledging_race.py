"""Acknowledging twice at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from documents.acknowledging import acknowledge
from documents.models import Acknowledgement
from documents.tests.factories import make_post
from staff.tests.factories import make_user

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one writer"),
]


def test_one_person_twice_at_once_is_one_acknowledgement():
    post, person, start, done = make_post(asks_acknowledgement=True), make_user(), Barrier(2), []

    def answer():
        try:
            start.wait()
            done.append(acknowledge(post, person))
        finally:
            connection.close()

    threads = [Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, True]
    assert Acknowledgement.objects.count() == 1
