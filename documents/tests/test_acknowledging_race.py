"""Acknowledging twice, and going, at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection

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


def at_once(*what) -> list:
    """Return what functions return that run at the same moment, sorted."""
    start, done = Barrier(len(what)), []

    def run(do):
        try:
            start.wait()
            done.append(do())
        finally:
            connection.close()

    threads = [Thread(target=run, args=[it]) for it in what]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(done, key=str)


def test_one_person_twice_at_once_is_one_acknowledgement():
    post, person = make_post(asks_acknowledgement=True), make_user()

    done = at_once(*[lambda: acknowledge(post, person)] * 2)

    assert done == [False, True]
    assert Acknowledgement.objects.count() == 1


@pytest.mark.parametrize("attempt", range(5))
def test_a_person_who_goes_at_once_has_acknowledged_or_is_gone(attempt):
    make_superuser()
    post, person = make_post(asks_acknowledgement=True), make_user()

    gone, answer = at_once(
        lambda: bool(User.objects.filter(pk=person.pk).delete()) and "gone",
        lambda: str(acknowledge(post, person)),
    )[::-1]

    assert (gone, Acknowledgement.objects.count()) == ("gone", int(answer == "True"))
    assert not Acknowledgement.objects.exclude(person=None).exists()
