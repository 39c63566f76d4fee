"""Connecting receivers: the one way, for all floors, shown in the `ready()` of each app."""

from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter

from django.db.models import Model
from django.dispatch import Signal

Receiver = Callable[..., object]
_connected: dict[tuple[Signal, Receiver], set[type[Model]]] = {}
_causes: ContextVar[tuple[str, ...]] = ContextVar("causes", default=())


class Counted:
    """A connected receiver: the cause of what is written while it runs, counted and timed."""

    by_uid: dict[str, "Counted"] = {}

    def __init__(self, receiver: Receiver):
        self.receiver, self.uid = receiver, uid(receiver)
        self.runs = self.failures = 0
        self.seconds = 0.0
        self.error: BaseException | None = None

    def __call__(self, *args: object, **kwargs: object) -> object:
        token = _causes.set((self.uid, *_causes.get()))
        start = perf_counter()
        try:
            return self.receiver(*args, **kwargs)
        except BaseException as error:
            self.failures += 1
            self.error = error
            raise
        finally:
            self.runs += 1
            self.seconds += perf_counter() - start
            _causes.reset(token)


def causes() -> tuple[str, ...]:
    """Return the uids of the receivers that are running, the innermost first."""
    return _causes.get()


def connect(signal: Signal, receiver: Receiver, *senders: type[Model]) -> None:
    """Connect `receiver` to `signal` as sent by `senders`; by anything when none is given.

    The dispatch_uid is `uid(receiver)`: connecting twice connects once, and `disconnect` takes
    the receiver off. What is connected elsewhere is on no list, and the worker lets it do nothing.
    """
    counted = Counted.by_uid.setdefault(uid(receiver), Counted(receiver))
    for sender in senders or [None]:
        signal.connect(counted, sender=sender, weak=False, dispatch_uid=uid(receiver))
    _connected.setdefault((signal, receiver), set()).update(senders)


def disconnect(signal: Signal, receiver: Receiver, *senders: type[Model]) -> None:
    """Undo `connect` with the same arguments."""
    for sender in senders or [None]:
        signal.disconnect(sender=sender, dispatch_uid=uid(receiver))
    left = _connected.pop((signal, receiver), set()) - set(senders)
    if left:
        _connected[signal, receiver] = left


def connected() -> dict[tuple[Signal, Receiver], set[type[Model]]]:
    """Return the senders of each connected (signal, receiver); an empty set means anything."""
    return dict(_connected)


def counted(receiver: Receiver) -> Counted:
    """Return what a connected receiver is called through."""
    return Counted.by_uid[uid(receiver)]


def uid(receiver: Receiver) -> str:
    """Return "app.receiver_name"."""
    return f"{receiver.__module__.partition('.')[0]}.{receiver.__name__}"
