# ruff: noqa: S608, S611 - names of tables are the code's own, and terms are parameters
"""Finding what contains a term without reading every row.

An index of all runs of three characters tells which rows of a model may contain a term in one of
the texts that it names as `searched`. The search itself decides among those, so that an index which
tells too many changes no answer. Where there is none, searches read all rows.

PostgreSQL keeps such an index by itself, with its extension pg_trgm, and another of all pairs, for
terms of one or two characters. In SQLite it is a table that the worker brings up to date: triggers,
which no way of writing evades, note the keys of the rows that were written meanwhile, and those may
contain anything.
"""

import json
import logging
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID
from zlib import crc32

from django.apps import apps as installed_apps
from django.db import DatabaseError, connections, router, transaction
from django.db.models import Model
from django.db.models.expressions import RawSQL

from .folding import FOLDED

AT_A_TIME = 10_000  # rows that are taken into SQLite's table while others wait to write
FEW = 5_000  # rows that are put in order one by one
UNSETTLED = 1_000  # rows that are not in SQLite's table
RUN = 3  # characters
NOTES = "intranet_written"  # the rows that are not in SQLite's table as they are now
LAST = "\U0010ffff"
BETWEEN = "\u00ad"  # pairs; no folded text has it
logger = logging.getLogger(__name__)


def searched_models(using: str) -> Iterator[type[Model]]:
    for model in installed_apps.get_models():
        if "searched" in vars(model) and router.allow_migrate_model(using, model):
            yield model


def is_indexed(model: type[Model]) -> bool:
    return hasattr(model, "searched")


def keep_indexes(using: str, apps=installed_apps) -> None:
    """Make what is missing in a database that is migrated as far as `apps`, or outdated."""
    if connections[using].vendor == "sqlite":
        make_notes(using)
    for model in searched_models(using):
        index = index_of(model, using)
        there = apps.all_models[model._meta.app_label].get(model._meta.model_name)
        if not there or not set(index.fields) <= {it.name for it in there._meta.fields}:
            index.drop()  # its columns are to come
        elif not index.names <= index.made():
            try:
                with transaction.atomic(using=using):
                    index.drop()
                    index.make()
            except DatabaseError as error:
                logger.warning("Searches of %s read all rows: %s", index.table, error)
    catch_up(using)


def catch_up(using: str) -> int:
    """Take into the indexes what was written meanwhile; return how many rows that were."""
    if connections[using].vendor != "sqlite":
        return 0
    indexes = {it.name: it for it in (Table(model, using) for model in searched_models(using))}
    if not indexes:
        return 0
    known, done = ", ".join(f"'{name}'" for name in indexes), 0
    while found := execute(using, f"SELECT name FROM {NOTES} WHERE name IN ({known}) LIMIT 1"):
        with transaction.atomic(using=using):
            done += indexes[found[0]].take_in()
    return done


def are_kept(models: Iterable[type[Model]], using: str) -> bool:
    made = index_names(using)
    return all(index_of(it, using).names <= made for it in models)


def index_names(using: str) -> set[str]:
    """Return what there is of indexes, whole or not."""
    if connections[using].vendor == "sqlite":
        return {*execute(using, "SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    there = "schemaname = current_schema()"
    return {*execute(using, f"SELECT indexname FROM pg_indexes WHERE {there}")}


def keys(model: type[Model], term: str, using: str) -> list[int] | None:
    """Return the keys of at least all rows that contain a folded term; None if not a few."""
    return index_of(model, using).keys(term)


def is_settled(model: type[Model], using: str) -> bool:
    """Return whether `keys` tells that many match, not that many were written meanwhile."""
    if connections[using].vendor != "sqlite":
        return True
    notes = f"SELECT 1 FROM {NOTES} WHERE name = %s LIMIT {UNSETTLED}"  # not shown
    [count] = execute(using, f"SELECT COUNT(*) FROM ({notes})", Table(model, using).name)
    return count < UNSETTLED


def among(model: type[Model], some: Iterable, using: str) -> RawSQL:
    """Return what a key is compared with, `pk__in=`, where thousands of parameters take long."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        stored = [it.hex if isinstance(it, UUID) else it for it in some]
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(stored)])  # not shown
    kind = model._meta.pk.rel_db_type(connection)
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [[*some]])  # not shown


def index_of(model: type[Model], using: str) -> "Index":
    return {"sqlite": Table, "postgresql": Trgm}[connections[using].vendor](model, using)


def execute(using: str, sql: str, *params) -> list[Any]:
    """Return the first column of what a statement finds."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params or None)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


class Index:
    """What a database has of a model's texts."""

    def __init__(self, model: type[Model], using: str):
        self.connection, self.fields = connections[using], model.searched
        quoted, fields = self.connection.ops.quote_name, [*map(model._meta.get_field, self.fields)]
        self.table, self.key = model._meta.db_table, quoted(model._meta.pk.column)
        self.columns = [quoted(it.column) for it in fields]
        self.is_short = all(it.max_length for it in fields)
        self.text = " || '\n' || ".join(map(self.folded, self.columns, fields))
        rules = f"{self.text} {unicodedata.unidata_version}"
        self.name, version = f"{self.table}_search", f"{crc32(rules.encode()):08x}"
        self.names = {f"{self.name}_{it}{version}" for it in self.parts}

    def folded(self, column: str, field) -> str:
        text = self.connection.ops.lookup_cast("contains", field.get_internal_type()) % column
        template = FOLDED[self.connection.vendor]
        return template % {"expressions": f"COALESCE({text}, '')"}

    def made(self) -> set[str]:
        """Return what there is of it, by today's rules or others."""
        return {it for it in index_names(self.connection.alias) if it.startswith(f"{self.name}_")}

    def execute(self, sql: str, *params) -> list[Any]:
        return execute(self.connection.alias, sql, *params)


class Trgm(Index):
    """PostgreSQL's two, of the very expressions that they are asked by."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name its indexes; a text without a limit could have more pairs than one takes, 1 MB."""
        return ("pairs_", "runs_") if self.is_short else ("runs_",)

    @property
    def pairs(self) -> str:
        """Return SQL for all runs of two characters, and the last one: "abc" has ab, bc and c."""
        doubled = f"substr(regexp_replace({self.text}, '(.)', '\\1\\1', 'g'), 2)"
        split = f"regexp_replace({doubled}, '(..)', '\\1{BETWEEN}', 'g')"
        return f"array_to_tsvector(string_to_array({split}, '{BETWEEN}'))"

    def make(self) -> None:
        self.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        *pairs, runs = sorted(self.names)
        on = f'ON "{self.table}" USING gin'  # not shown
        self.execute(f'CREATE INDEX "{runs}" {on} (({self.text}) gin_trgm_ops)')
        for name in pairs:
            self.execute(f'CREATE INDEX "{name}" {on} ({self.pairs})')
            # Else a pair that most rows have is looked for in the rows, which takes longer.
            self.execute(f'ALTER INDEX "{name}" ALTER COLUMN 1 SET STATISTICS 0')

    def drop(self) -> None:
        for name in self.made():
            self.execute(f'DROP INDEX "{name}"')

    def keys(self, term: str) -> list[int] | None:
        has = f"({self.text}) LIKE %s"
        asked = f"%{self.connection.ops.prep_for_like_query(term)}%"
        if len(term) < RUN:
            if not self.is_short:
                return None
            has, asked = f"{self.pairs} @@ %s::tsquery", beginning(term)
        found = self.execute(
            f"SELECT CASE WHEN COUNT(*) <= {FEW} THEN COALESCE(array_agg(key), '{{}}') END FROM"
            f' (SELECT {self.key} FROM "{self.table}" WHERE {has} LIMIT {FEW + 1})'
            " AS found (key)",
            asked,
        )
        return found[0]


def beginning(term: str) -> str:
    """Return what asks a tsvector for words that begin with a term."""
    quoted = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}':*"


def make_notes(using: str) -> None:
    execute(
        using,
        f"CREATE TABLE IF NOT EXISTS {NOTES}"
        " (name TEXT, row INTEGER, PRIMARY KEY (name, row)) WITHOUT ROWID",
    )


class Table(Index):
    """SQLite's, with triggers that note what was written."""

    parts = ("insert_", "set_", "delete_")

    def make(self) -> None:
        options = "tokenize = 'trigram case_sensitive 1', columnsize = 0"
        self.execute(f"CREATE VIRTUAL TABLE {self.name} USING fts5(text, {options})")
        self.execute(
            f"CREATE VIRTUAL TABLE {self.name}_runs USING fts5vocab({self.name}, instance)"
        )
        columns = ", ".join([self.key, *self.columns])  # no other is searched
        for name in self.names:
            part = name.split("_")[-2]
            event = f"UPDATE OF {columns}" if part == "set" else part  # not shown
            row = f"{'OLD' if part == 'delete' else 'NEW'}.{self.key}"
            self.execute(  # INSERT OR IGNORE does not, within an upsert
                f'CREATE TRIGGER {name} AFTER {event} ON "{self.table}" WHEN NOT EXISTS'
                f" (SELECT 1 FROM {NOTES} WHERE name = '{self.name}' AND row = {row})"
                f" BEGIN INSERT INTO {NOTES} VALUES ('{self.name}', {row}); END"
            )
        self.execute(f"INSERT INTO {NOTES} SELECT '{self.name}', {self.key} FROM \"{self.table}\"")

    def drop(self) -> None:
        for trigger in self.made():
            self.execute(f"DROP TRIGGER {trigger}")
        for table in (f"{self.name}_runs", self.name):
            self.execute(f"DROP TABLE IF EXISTS {table}")
        self.execute(f"DELETE FROM {NOTES} WHERE name = '{self.name}'")

    def keys(self, term: str) -> list[int] | None:
        """Return the keys; a term of one or two characters begins runs, in a row maybe several."""
        found = f"rowid FROM {self.name} WHERE {self.name} MATCH %s"  # not shown
        asked = ['"{}"'.format(term.replace('"', '""'))]
        if len(term) < RUN:
            found = f"doc FROM {self.name}_runs WHERE term BETWEEN %s AND %s"  # not shown
            asked = [term, term + LAST]
        told = self.execute(
            f"SELECT CASE WHEN COUNT(*) <= {FEW} THEN json_group_array(row) END FROM"
            f" (SELECT row FROM {NOTES} WHERE name = '{self.name}'"
            f" UNION ALL SELECT {found} LIMIT {FEW + 1})",
            *asked,
        )
        return told[0] and json.loads(told[0])

    def take_in(self) -> int:
        """Take in some of the rows that were written, and forget those that are gone."""
        notes = f"FROM {NOTES} WHERE name = '{self.name}'"  # not shown
        some = self.execute(f"SELECT row {notes} ORDER BY row LIMIT {AT_A_TIME}")
        if not some:  # another worker was faster
            return 0
        notes += f" AND row <= {some[-1]}"  # not shown
        self.execute(f"DELETE FROM {self.name} WHERE rowid IN (SELECT row {notes})")
        self.execute(  # with an end, so that a run begins with each character
            f"INSERT INTO {self.name} (rowid, text) SELECT {self.key}, {self.text} || '\n\n'"
            f' FROM "{self.table}" WHERE {self.key} IN (SELECT row {notes})'
        )
        self.execute(f"DELETE {notes}")
        return len(some)
