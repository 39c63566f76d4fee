"""What a worker is given to do in tests."""

import threading
from contextlib import contextmanager

from intranet.signals import work_due
from intranet.trace.wiring import connect, disconnect
from intranet.worker import Worker


@contextmanager
def working(receiver, signal=work_due):
    """Connect `receiver` to the rounds of the worker."""
    connect(signal, receiver)
    try:
        yield
    finally:
        disconnect(signal, receiver)


class InTurns(Worker):
    """Its thread and its rounds take turns: on SQLite in memory, threads lock each other out.

    What runs in the thread calls `take_turn()` before it touches the database.
    """

    def __init__(self):
        super().__init__()
        self.begun, self.idle = threading.Event(), threading.Event()

    def begin_long_work(self):
        super().begin_long_work()
        self.begun.wait(5)

    def work_until_idle(self):
        done = super().work_until_idle()
        self.idle.set()
        return done

    def wait(self, seconds):
        self.idle.set()
        super().wait(seconds)

    def take_turn(self):
        self.begun.set()
        self.idle.wait(5)
