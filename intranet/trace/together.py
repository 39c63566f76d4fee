"""Writing many new rows as saving each of them does, by few statements.

Receivers hear of every row as ever. What they write for it in turn goes through `write`: at once as
a rule, in a block `together` at its end, for all rows in one go and in the name of who asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model
from django.db.models.signals import post_save, pre_save

from .wiring import caused_by, causes

Writer = Callable[[list[Any], str], object]
Waiting = dict[tuple[Writer, str, int], tuple[tuple[str, ...], Any]]

_waiting: ContextVar[Waiting | None] = ContextVar("what is to be written together", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Have what is written by `write` in this block wait for its end."""
    waiting: Waiting = {}
    token = _waiting.set(waiting)
    try:
        yield
        while waiting:  # for writing has receivers, too
            by_writer: dict[tuple[Writer, str, tuple[str, ...]], list[Any]] = defaultdict(list)
            for (do, using, _), (asked_by, what) in waiting.items():
                by_writer[do, using, asked_by].append(what)
            waiting.clear()
            for (do, using, asked_by), everything in by_writer.items():
                with caused_by(asked_by):
                    do(everything, using)
    finally:
        _waiting.reset(token)


def write(do: Writer, what: object, using: str) -> None:
    """Call `do` with a list that has `what` in it, once: now, or at the end of `together`."""
    waiting = _waiting.get()
    if waiting is None:
        do([what], using)
    else:
        waiting.setdefault((do, using, id(what)), (causes(), what))


def create(rows: Sequence[Model], using: str) -> None:
    """Insert new rows of one model; each sends the signals of a save."""
    model = type(rows[0])
    about: dict[str, Any] = {"sender": model, "raw": False, "using": using, "update_fields": None}
    for row in rows:
        row._prepare_related_fields_for_save("save")  # type: ignore[attr-defined]  # as save() does
        pre_save.send(instance=row, **about)
    model._base_manager.using(using).bulk_create(rows)
    for row in rows:
        post_save.send(instance=row, created=True, **about)
