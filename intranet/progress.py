"""How far a piece of work beside the page is, and whether it is to end.

What is done counts itself by `advance`; elsewhere that does nothing. How far it is stands in a
cache beside the database, because nobody sees what an open transaction writes.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import time
from typing import Any

from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.utils.translation import gettext as _

from .trace.phrases import Said
from .vetoes import TakesTooLong, Veto

logger = logging.getLogger(__name__)

TIDIED = 1000  # steps after which cycles are deleted where Python is kept from looking for them
KEPT = 24 * 60 * 60  # seconds
FRESH = 60  # seconds; it is shown every second


class Cancelled(TakesTooLong):
    """Whoever asked for it wants it no more."""


class Stopped(TakesTooLong):
    """The worker is to end, or another one took over."""


class Progress:
    """Counts what is done of `total`, `doing` what; `ends` is raised at the next step or query."""

    def __init__(self) -> None:
        self.done, self.total = 0, 0
        self.doing: Said = ""
        self.deletes: type[Model] | None = None
        self.ends: type[TakesTooLong] | None = None

    def check(self) -> None:
        if self.ends:
            raise self.ends


_now: ContextVar[Progress | None] = ContextVar("progress", default=None)


def current() -> Progress | None:
    """Return the progress of the work under way, if this is beside a page."""
    return _now.get()


def expect(total: int, deletes: type[Model] | None = None, doing: Said = "") -> None:
    """Say how many steps of `doing` what there will be, a phrase; none where nobody knows.

    With `deletes` rows of that model are about to go. Finding what goes with them is half of that
    then; the other half is done in one.
    """
    if it := _now.get():
        it.done, it.total, it.deletes = 0, total * (2 if deletes else 1), deletes
        it.doing = doing


def advance(steps: int = 1) -> None:
    """Say that a step is done; with none, have the work end here where it is to."""
    if it := _now.get():
        it.done += steps
        if it.done % TIDIED < steps and not gc.isenabled():
            gc.collect(0)  # what came since; the rest is not looked at again
        it.check()


def goes(model: type[Model]) -> None:
    """Say that a row is about to be deleted."""
    if (it := _now.get()) and it.deletes is model:
        advance()


@contextmanager
def counting(it: Progress) -> Iterator[None]:
    """Have a block of code count there, and end when it is to."""

    def watched(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if not sql.startswith(("ROLLBACK", "RELEASE")):
            it.check()
        return execute(sql, *args)

    token = _now.set(it)
    try:
        with connections[DEFAULT_DB_ALIAS].execute_wrapper(watched):
            yield
    finally:
        _now.reset(token)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep Python from looking for cycles among thousands of rows, which takes a quarter of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# --- Seen by others --------------------------------------------------------------------------


def show(key: object, it: Progress) -> None:
    caches["progress"].set(str(key), (it.done, it.total, it.doing, time()), KEPT)


def shown(key: object) -> tuple[int, int, str]:
    """Return how much is done, of how much, and what; (0, 0, "") when nothing is known."""
    try:
        done, total, doing, *_at = caches["progress"].get(str(key)) or (0, 0, "")
    except Exception as error:  # whatever keeps it, such as a Redis, is away
        logger.warning("How far work %s is cannot be read: %s", key, error)
        return 0, 0, _("How far it is cannot be said right now. The work goes on all the same.")
    return min(done, total), total, str(doing)


def is_fresh(key: object) -> bool:
    """Return whether somebody showed just now how far it is, whatever became of the lease."""
    try:
        *_shown, at = caches["progress"].get(str(key)) or [0.0]
        return abs(time() - at) < FRESH
    except Exception as error:
        logger.debug("Whether work %s goes on cannot be read: %s", key, error)
        return False


def cancel(key: object) -> None:
    """Have whoever does it end it; raises Veto where that cannot be passed on."""
    try:
        caches["progress"].set(f"{key}.cancel", True, KEPT)
    except Exception as error:
        logger.warning("Work %s cannot be cancelled: %s", key, error)
        raise Veto(_("It cannot be cancelled right now. Try again in a minute.")) from error


def is_cancelled(key: object) -> bool:
    with suppress(Exception):
        return bool(caches["progress"].get(f"{key}.cancel"))
    return False
