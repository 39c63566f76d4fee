"""Connecting receivers: the one way, for all floors, shown in the `ready()` of each app."""

from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from time import perf_counter

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db.models import Model
from django.dispatch import Signal

from ..vetoes import NO_FAILURES
from ..wording import words_of

Receiver = Callable[..., object]
_connected: dict[tuple[Signal, Receiver], set[type[Model]]] = {}
# By moment and the function that is called then, without a signal: what happens.
direct_effects: dict[tuple[str, Receiver], str] = {}
_causes: ContextVar[tuple[str, ...]] = ContextVar("causes", default=())


class Counted:
    """A connected receiver: the cause of what is written while it runs, counted and timed.

    Its numbers only ever grow; `trace.counts` stores by how much. An `inner` one only prepares what
    others do.
    """

    by_uid: dict[str, "Counted"] = {}

    def __init__(self, receiver: Receiver, inner: bool = False):
        self.receiver, self.uid, self.inner = receiver, uid(receiver), inner
        self.runs = self.failures = 0
        self.seconds = self.ended_at = 0.0  # by perf_counter
        self.error = ""
        self.lock = Lock()
        self.is_async = iscoroutinefunction(receiver)
        if self.is_async:
            markcoroutinefunction(self)  # Signal asks, and awaits it

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self.is_async:
            return self.awaited(*args, **kwargs)
        with Run(self):
            return self.receiver(*args, **kwargs)

    async def awaited(self, *args: object, **kwargs: object) -> object:
        with Run(self):
            return await self.receiver(*args, **kwargs)  # type: ignore[misc]

    def numbers(self) -> tuple[int, int, float]:
        """Return runs, failures and seconds, of the same moment."""
        with self.lock:
            return self.runs, self.failures, self.seconds


class Run:
    """One call of a receiver. A refusal is none of its failures."""

    __slots__ = ("counted", "start", "token")

    def __init__(self, counted: Counted):
        self.counted = counted

    def __enter__(self) -> None:
        self.token = _causes.set((self.counted.uid, *_causes.get()))
        self.start = perf_counter()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        it, end = self.counted, perf_counter()
        _causes.reset(self.token)
        with it.lock:
            it.runs += 1
            it.seconds += end - self.start
            it.ended_at = end
            if error is not None and not isinstance(error, NO_FAILURES):
                it.failures += 1
                it.error = words_of(error)


def causes() -> tuple[str, ...]:
    """Return the uids of the receivers that are running, the innermost first."""
    return _causes.get()


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
