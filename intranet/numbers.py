"""Numbers of the first page: one that takes long to count is counted after each action.

What is written without an action, such as that a mail was sent, is counted within a minute.
"""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, TypeVar

from django.utils.translation import get_language

from .trace.models import Action

LONG, KEPT = 0.005, 60.0  # seconds
T = TypeVar("T")

_known: dict[Hashable, tuple[float, Any]] = {}


def newest_action() -> Any:
    """Return the key of what was done last; None where nothing was."""
    return Action.objects.values_list("pk", flat=True).first()


def recent(what: Hashable, as_of: Any, user, count: Callable[[object], T]) -> T:
    """Return `count(user)`, or what it was within a minute where that took long.

    It is counted anew when `as_of`, the newest action, is another. Somebody who was given other
    rights, or speaks another language, gets a number of their own.
    """
    rights = user.is_superuser or frozenset(user.get_all_permissions())
    key, now = (what, as_of, user.pk, rights, get_language()), monotonic()
    if key in _known and now - _known[key][0] < KEPT:
        return _known[key][1]
    found = count(user)
    if monotonic() - now > LONG:
        for old in [it for it, (at, _found) in list(_known.items()) if now - at >= KEPT]:
            _known.pop(old, None)
        _known[key] = now, found
    return found
