from threading import Thread

import pytest
from django.core.mail import EmailMessage
from django.db import connections

from intranet.waking import Bell

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


def test_is_silent_otherwise():
    bell = Bell()
    bell.listen()

    elsewhere(lambda: None)

    assert not bell.rings(0.1)
