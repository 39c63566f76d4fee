"""Waking a worker that waits as soon as somebody has written what it may have to do.

SQLite tells by itself that another connection has committed, without a query of any table;
PostgreSQL passes on what is announced within the transaction that writes.
"""

import time
from functools import partial

from django.db import DEFAULT_DB_ALIAS, connections, transaction

CHANNEL = "intranet_work"


def announce(using: str) -> None:
    """Have workers look at once, when this is committed, for what is due."""
    if connections[using].vendor == "postgresql":
        transaction.on_commit(partial(_execute, f"NOTIFY {CHANNEL}", using), using, robust=True)


class Bell:
    """`listen` before looking for what is due; then it rings for all that is written since."""

    version: int | None = None

    def listen(self) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.vendor == "postgresql":
            _execute(f"LISTEN {CHANNEL}")
        elif connection.vendor == "sqlite":
            self.version = self._version()

    def rings(self, seconds: float) -> bool:
        """Wait at most that long; return whether somebody has written something."""
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.vendor == "postgresql" and connection.connection:
            return any(connection.connection.notifies(timeout=seconds, stop_after=1))
        time.sleep(seconds)
        return connection.vendor == "sqlite" and self.version != self._version()

    def _version(self) -> int:
        connection = connections[DEFAULT_DB_ALIAS]
        connection.ensure_connection()
        version: int = connection.connection.execute("PRAGMA data_version").fetchone()[0]
        return version


def _execute(statement: str, using: str = DEFAULT_DB_ALIAS) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(statement)
