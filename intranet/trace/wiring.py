"""Connecting receivers: the one way, for all floors, shown in the `ready()` of each app."""

from collections.abc import Callable

from django.db.models import Model
from django.dispatch import Signal

Receiver = Callable[..., object]
_connected: dict[tuple[Signal, Receiver], set[type[Model]]] = {}


def connect(signal: Signal, receiver: Receiver, *senders: type[Model]) -> None:
    """Connect `receiver` to `signal` as sent by `senders`; by anything when none is given.

    The dispatch_uid is `uid(receiver)`: connecting twice connects once, and `disconnect` takes
    the receiver off. What is connected elsewhere is on no list, and the worker lets it do nothing.
    """
    for sender in senders or [None]:
        signal.connect(receiver, sender=sender, dispatch_uid=uid(receiver))
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


def uid(receiver: Receiver) -> str:
    """Return "app.receiver_name"."""
    return f"{receiver.__module__.partition('.')[0]}.{receiver.__name__}"
