"""Rehearsing an action: it is run for real, what it wrote is read, and all is rolled back.

While rehearsing, storages write nothing, and what waits for the commit never runs. On SQLite nobody
else can write meanwhile: what takes longer than PATIENCE is rehearsed on a copy of the database, as
is all while somebody else writes for longer than that.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from .. import progress
from ..locks import aside
from ..vetoes import COLLIDED, TakesTooLong, Veto, is_collision, refuse_early
from .action import Act, batched, begin, current
from .phrases import Phrase, phrase, source
from .plan import Plan, read
from .wiring import rehearsing

PATIENCE = 0.4  # seconds for which a question may keep others from writing


class RolledBack(Exception):
    """Ends a rehearsal, or an action that would do something else than was confirmed."""


def is_rehearsing() -> bool:
    """Return whether all that is done now will be rolled back."""
    return rehearsing.get()


def rehearse(do: Callable[[], Any], using: str = DEFAULT_DB_ALIAS, many: bool = False) -> Plan:
    """Run `do()` as the present user would, and return what it does; nothing of it stays.

    `many` says that it will take a while, so that nobody need wait to find out.
    """
    if not can_be_copied(using):
        return _rehearse(do, using)
    if not (many or progress.current()):
        with suppress(TakesTooLong), aside(using, PATIENCE), patience(using):
            return _rehearse(do, using)
    with copied(using), progress.undisturbed():
        return _rehearse(do, using)


def perform(
    do: Callable[[], Any], token: str, using: str = DEFAULT_DB_ALIAS, title: object = ""
) -> tuple[Plan, bool]:
    """Run `do()` and return what it did, and whether it stays: only if it is what was confirmed.

    `title`, lazy if it is to be translated, is what the history calls it besides.
    """
    try:
        with batched(using) as act:
            plan = _run(do, act, using)
            if plan.refused or plan.since(token) is not None:
                raise RolledBack
            act.plan = plan
            said = plan.said
            if title and said:
                said = phrase("%(title)s: %(what)s", title=Phrase(source(title)), what=said)
            act.summarise(said, using)
    except RolledBack:
        take_back(act)
        return plan, False
    return plan, True


def take_back(act: Act) -> None:
    """Delete the files that were stored for nothing."""
    while act.takes_back:
        act.takes_back.pop()()


def _rehearse(do: Callable[[], Any], using: str) -> Plan:
    now = current() or Act()
    token = rehearsing.set(True)
    try:
        with begin(now.user, now.via), batched(using) as act:
            plan = _run(do, act, using)
            raise RolledBack
    except RolledBack:
        return plan
    finally:
        rehearsing.reset(token)


def _run(do: Callable[[], Any], act: Act, using: str) -> Plan:
    """Run `do()` and return what it did, or why it was refused."""
    answer, refused = None, []
    try:
        with transaction.atomic(using=using):
            answer = do()
            refuse_early(using)
    except (Veto, PermissionDenied) as error:
        refused = [str(error) or _("You may not do this.")]
    except (ProtectedError, RestrictedError) as error:
        held = error.args[1]
        refused = [_("“%(row)s” needs it.") % {"row": it} for it in sorted(map(str, held))[:20]]
    except DatabaseError as error:
        if not is_collision(error):
            raise
        refused = [str(COLLIDED)]
    plan = read(act, using, refused)
    plan.answer = answer
    return plan


# --- Letting others write meanwhile ----------------------------------------------------------


def can_be_copied(using: str) -> bool:
    """Return whether a question may keep others from writing, and need not."""
    connection = connections[using]
    return (
        connection.vendor == "sqlite"
        and not connection.in_atomic_block
        and not connection.is_in_memory_db()  # type: ignore[attr-defined]
    )


@contextmanager
def patience(using: str) -> Iterator[None]:
    """Raise TakesTooLong at the first query after PATIENCE seconds."""
    until = monotonic() + PATIENCE

    def watched(execute: Any, sql: str, *args: Any) -> Any:
        if monotonic() > until and not sql.startswith(("ROLLBACK", "RELEASE")):
            raise TakesTooLong
        return execute(sql, *args)

    with connections[using].execute_wrapper(watched):
        yield


@contextmanager
def copied(using: str) -> Iterator[None]:
    """Work on a copy of the SQLite database, which is thrown away; copying waits for nobody."""
    connection = connections[using]
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "copy.sqlite3")
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as original,
            closing(sqlite3.connect(path)) as copy,
        ):
            copy.execute("PRAGMA synchronous=OFF")
            original.backup(copy)
        stand_in = connections.create_connection(using)
        stand_in.settings_dict = connection.settings_dict | {"NAME": path}
        connections[using] = stand_in
        try:
            yield
        finally:
            connections[using] = connection
            stand_in.close()
