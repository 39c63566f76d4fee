"""SQLite has one writer at a time: for how long whom it keeps waiting."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep

from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
    transaction,
)

from . import life

logger = logging.getLogger(__name__)

AT_ONCE = 0.1  # seconds
REST = 1  # second between two tries


def is_busy(error: BaseException) -> bool:
    """Return whether SQLite's one writer wrote for longer than was waited for it."""
    locked = "database is locked"  # not shown
    return isinstance(error, OperationalError) and locked in str(error)


def is_free(seconds: float) -> bool:
    """Return whether one may write, or may after waiting that long."""
    with aside(seconds=seconds), transaction.atomic():
        return True
    return False


@contextmanager
def waiting(seconds: float, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Wait no longer than that in a block, each time, until nobody else writes to SQLite."""
    connection = connections[using]
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    raw = connection.connection
    execute = raw.execute  # which is no query of the page
    [usual] = execute("PRAGMA busy_timeout").fetchone()
    execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
    try:
        yield
    finally:
        if connection.connection is raw:
            execute(f"PRAGMA busy_timeout = {usual}")


@contextmanager
def aside(using: str = DEFAULT_DB_ALIAS, seconds: float = AT_ONCE) -> Iterator[None]:
    """Leave a block out if somebody else writes: whoever only reads never waits."""
    try:
        with waiting(seconds, using):
            yield
    except OperationalError as error:
        if not is_busy(error):
            raise
        logger.debug("not done now: the database is locked")


def persisting(write: Callable[[], int]) -> int:
    """Write what must not be forgotten, as soon as the database lets it, however long that takes.

    Somebody else may be writing, a lock may time out, or the connection be lost.
    """
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block:  # which is lost, and this with it
                raise
            logger.warning("What was done is noted as soon as the database lets it: %s", error)
            life.sign()
            sleep(REST)
            close_old_connections()
