"""Inserting rows in about a third of the time of `bulk_create`.

And updating one after the other, where building each statement takes longer than carrying it out.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from operator import attrgetter
from typing import Any

from django.db import connections
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    IntegerField,
    JSONField,
    Model,
    TextField,
)
from django.db.models.constants import OnConflict

PIECE = 100  # rows that are made ready at a time
PLAIN = (BooleanField, CharField, IntegerField, TextField)  # kept as Python holds them
Values = list[tuple[Any, ...]]


def insert(
    model: type[Model], rows: Sequence[object], using: str, ignore: OnConflict | None = None
) -> None:
    """Insert rows of a model, or what has its attributes; the database's keys they do not get.

    With OnConflict.IGNORE those that are there already are left out.
    """
    if not rows:
        return
    statement, made = insertion(model, using, ignore)
    with connections[using].cursor() as cursor:
        for start in range(0, len(rows), PIECE):
            cursor.executemany(statement, made(rows[start : start + PIECE]))


def insert_one(row: Model, using: str) -> None:
    """Insert a row, which gets its primary key."""
    connection = connections[using]
    statement, made = insertion(type(row), using)
    [values] = made([row])
    with connection.cursor() as cursor:
        key = connection.ops.quote_name(str(row._meta.pk.column))
        cursor.execute(f"{statement} RETURNING {key}", values)
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, using


def insertion(
    model: type[Model], using: str, ignore: OnConflict | None = None
) -> tuple[str, Callable[[Sequence[object]], Values]]:
    """Return the statement that inserts a row, and what makes its values of each row."""
    statement, read, odd = _insertion(model, using, ignore)
    connection = connections[using]
    ways = [prepared(it, connection) if it else None for it in odd]

    def made(rows: Sequence[object]) -> Values:
        by_column = zip(*map(read, rows), strict=True)
        ready = [map(way, it) if way else it for way, it in zip(ways, by_column, strict=True)]
        return list(zip(*ready, strict=True))

    return statement, made


@cache
def _insertion(
    model: type[Model], using: str, ignore: OnConflict | None
) -> tuple[str, Callable[[object], Any], list["Field[Any, Any] | None"]]:
    """Return the statement, what reads the values of a row, and the fields to prepare them by."""
    ops, opts = connections[using].ops, model._meta
    quoted = ops.quote_name
    fields = [it for it in opts.concrete_fields if it is not opts.auto_field]
    columns = ", ".join(quoted(str(it.column)) for it in fields)
    marks = ", ".join(["%s"] * len(fields))
    start, end = ops.insert_statement(ignore), ops.on_conflict_suffix_sql(fields, ignore, [], [])
    statement = f"{start} {quoted(opts.db_table)} ({columns}) VALUES ({marks}) {end}".rstrip()
    read = attrgetter(*(it.attname for it in fields))
    return statement, read, [None if isinstance(it, PLAIN) else it for it in fields]


def update(
    model: type[Model],
    values: Mapping[str, object],
    by: Mapping[str, object],
    using: str = "default",
) -> int:
    """Update the rows whose columns are as in `by`; the statement is built once, not each time."""
    connection = connections[using]
    statement, fields = _update(model, tuple(values), tuple(by), using)
    given = zip(fields, (*values.values(), *by.values()), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(statement, [it.get_db_prep_save(value, connection) for it, value in given])
        return int(cursor.rowcount)


@cache
def _update(
    model: type[Model], names: tuple[str, ...], by: tuple[str, ...], using: str
) -> tuple[str, list["Field[Any, Any]"]]:
    quoted = connections[using].ops.quote_name
    fields: list[Any] = [model._meta.get_field(name) for name in (*names, *by)]
    equal = [f"{quoted(str(it.column))} = %s" for it in fields]
    new, old = ", ".join(equal[: len(names)]), " AND ".join(equal[len(names) :])
    table = quoted(model._meta.db_table)
    return f"UPDATE {table} SET {new} WHERE {old}", fields  # noqa: S608  # not shown


def prepared(field: "Field[Any, Any]", connection: Any) -> Callable[[Any], Any]:
    """Return what makes of a value what the database takes."""
    if isinstance(field, JSONField):
        return partial(connection.ops.adapt_json_value, encoder=field.encoder)
    prepare = partial(field.get_db_prep_save, connection=connection)
    is_often_equal = field.is_relation or isinstance(field, DateTimeField)
    return cache(prepare) if is_often_equal else prepare
