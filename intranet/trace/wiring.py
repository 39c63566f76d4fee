"""Connecting receivers: the one way, for all floors, shown in the `ready()` of each app."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.db.models import Model
from django.dispatch import Signal

from ..locks import is_busy
from ..vetoes import NO_FAILURES
from ..wording import words_of

Receiver = Callable[..., object]
_connected: dict[tuple[Signal, Receiver], set[type[Model]]] = {}
# By moment and the function that is called then, without a signal: what happens.
direct_effects: dict[tuple[str, Receiver], str] = {}
_causes: ContextVar[tuple[str, ...]] = ContextVar("causes", default=())
rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)


class Counted:
    """A connected receiver: the cause of what is written while it runs, counted and timed.

    Its numbers only ever grow; `trace.counts` stores by how much. An `inner` one only prepares what
    others do. A coroutine is run to its end. A refusal is no failure, nor is it one that somebody
    else was writing, and what is only rehearsed is no run unless it fails.
    """

    by_uid: dict[str, "Counted"] = {}

    def __init__(self, receiver: Receiver, inner: bool = False):
        self.receiver, self.uid, self.inner = receiver, uid(receiver), inner
        self.call = async_to_sync(receiver) if iscoroutinefunction(receiver) else receiver
        self.runs = self.failures = 0
        self.seconds = self.ended_at = 0.0  # by perf_counter
        self.error = ""

    def __call__(self, *args: object, **kwargs: object) -> object:
        token = _causes.set((self.uid, *_causes.get()))
        is_run = not rehearsing.get()
        start = perf_counter()
        try:
            return self.call(*args, **kwargs)
        except BaseException as error:
            if not isinstance(error, NO_FAILURES) and not is_busy(error):
                self.failed(error)
                is_run = True
            raise
        finally:
            _causes.reset(token)
            if is_run:
                end = perf_counter()
                self.runs += 1  # no lock: Python changes threads at calls and loops alone
                self.seconds += end - start
                self.ended_at = end

    def failed(self, error: BaseException) -> None:
        self.error = words_of(error)
        self.failures += 1

    def numbers(self) -> tuple[int, int, float]:
        """Return runs, failures and seconds."""
        return self.runs, self.failures, self.seconds


def causes() -> tuple[str, ...]:
    """Return the uids of the receivers that are running, the innermost first."""
    return _causes.get()


@contextmanager
def caused_by(uids: tuple[str, ...]) -> Iterator[None]:
    """Do in a block what receivers left for later, as if they were running."""
    token = _causes.set(uids)
    try:
        yield
    finally:
        _causes.reset(token)


def connect(signal: Signal, receiver: Receiver, *senders: type[Model], inner: bool = False) -> None:
    """Connect `receiver` to `signal` as sent by `senders`; by anything when none is given.

    The dispatch_uid is `uid(receiver)`: connecting twice connects once, and `disconnect` takes
    the receiver off. Another function of that name in the same app is an error, for Django would
    leave it out. What is connected elsewhere the worker lets do nothing. `inner` is what only
    remembers, locks or notes something for others.
    """
    name = uid(receiver)
    known = Counted.by_uid.get(name)
    if known is None or known.receiver != receiver:
        if known and any(it == known.receiver for _, it in _connected):
            raise ValueError(f"{name} is connected already, from {known.receiver.__module__}.")
        known = Counted.by_uid[name] = Counted(receiver, inner)
    for sender in senders or [None]:
        signal.connect(known, sender=sender, weak=False, dispatch_uid=name)
    _connected.setdefault((signal, receiver), set()).update(senders)


def disconnect(signal: Signal, receiver: Receiver, *senders: type[Model]) -> None:
    """Undo `connect` with the same arguments."""
    for sender in senders or [None]:
        signal.disconnect(sender=sender, dispatch_uid=uid(receiver))
    left = _connected.pop((signal, receiver), set()) - set(senders)
    if left:
        _connected[signal, receiver] = left


def direct(when: str, what: str, function: Receiver) -> None:
    """Have an effect that needs no signal listed with the others: "When …", "Does …"."""
    direct_effects[when, function] = what


def connected() -> dict[tuple[Signal, Receiver], set[type[Model]]]:
    """Return the senders of each connected (signal, receiver); an empty set means anything."""
    return dict(_connected)


def counted(receiver: Receiver) -> Counted:
    """Return what a connected receiver is called through."""
    return Counted.by_uid[uid(receiver)]


def uid(receiver: Receiver) -> str:
    """Return "app.receiver_name"."""
    return f"{receiver.__module__.partition('.')[0]}.{receiver.__name__}"
