"""The database of a copy, dumped and loaded by the engine's own means."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import FileField

from ..fields import all_file_fields, databases, source_of, storage_label
from ..sweep import PAPER
from . import Refused

NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class NamedFile(NamedTuple):
    """A file that a row of the copy names, with its [size, sha256] where the row knows them."""

    storage: str
    name: str
    row: str
    described: list | None


Rows = tuple[list[NamedFile], list[list[str]]]  # the second: [app, name] of each migration


def dump(target: Path) -> Rows:
    """Write the database to a file; return what the rows in it say, whatever changes meanwhile."""
    return ENGINES[connection.vendor][0](target)


def load(source: Path) -> None:
    """Replace the database by the one that `dump` wrote."""
    ENGINES[connection.vendor][1](source)
    ContentType.objects.clear_cache()


def _rows(select: Callable[[str], Iterable[tuple]]) -> Rows:
    migrations = select("SELECT app, name FROM django_migrations ORDER BY app, name")
    migrations = [*map(list, migrations)]  # before the next query of the same cursor
    return list(_named_files(select)), migrations


def _named_files(select) -> Iterator[NamedFile]:
    for field in all_file_fields():
        if connection.alias not in databases(field.model):
            continue
        label, source = storage_label(field), source_of(field)
        for pk, name, *facts in select(_query(field)):
            yield NamedFile(label, name, f"{source} {pk}", facts if any(facts[1:]) else None)


def _query(field: FileField) -> str:
    meta, quoted = field.model._meta, connection.ops.quote_name
    described = ["size", "sha256"] if field == PAPER else []
    columns = [meta.pk, field, *map(meta.get_field, described)]
    names = ", ".join(quoted(column.column) for column in columns)
    return f"SELECT {names} FROM {quoted(meta.db_table)} WHERE {quoted(field.column)} > ''"  # noqa: S608


# --- SQLite ----------------------------------------------------------------------------------


def _dump_sqlite(target: Path) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(target)])
    with closing(_open(target)) as copy:
        return _rows(copy.execute)


def _load_sqlite(source: Path) -> None:
    connection.ensure_connection()
    with closing(_open(source)) as copy:
        copy.backup(connection.connection)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


# --- PostgreSQL ------------------------------------------------------------------------------


def _dump_postgresql(target: Path) -> Rows:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()
        _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
        return _rows(cursor.execute)


def _load_postgresql(source: Path) -> None:
    """Load in one transaction, after the tables of the empty site, which may be newer, are gone."""
    tables = connection.introspection.django_table_names(only_existing=True)
    tables = [*map(connection.ops.quote_name, [*tables, "django_migrations"])]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(tables)} CASCADE")
    connection.close()
    name = connection.settings_dict["NAME"]
    _run("pg_restore", "--single-transaction", "--no-comments", f"--dbname={name}", str(source))


def _run(program: str, *options: str) -> None:
    """Run a program of PostgreSQL on the site's database; the password is in no argument."""
    settings = connection.settings_dict
    _, environment = connection.client.settings_to_cmd_args_env(settings, [])
    where = {f"PG{key}": str(settings[key]) for key in ("HOST", "PORT", "USER") if settings[key]}
    where["PGDATABASE"] = settings["NAME"]
    command = [program, "--no-owner", "--no-privileges", "--no-password", *options]
    environment = os.environ | where | (environment or {})
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError as error:
        raise Refused(f"{program} was not found: install PostgreSQL's client programs.") from error
    except subprocess.CalledProcessError as error:
        raise Refused(f"{program} failed: {error.stderr.strip()}") from error


ENGINES = {
    "sqlite": (_dump_sqlite, _load_sqlite),
    "postgresql": (_dump_postgresql, _load_postgresql),
}
