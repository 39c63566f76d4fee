"""The database of a copy, dumped and loaded by the engine's own means."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from ..fields import all_file_fields, databases, source_of, storage_label, upload_of
from . import Described, Refused

NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
NamedFile = tuple[str, str, str, Described]  # storage, name, row, and what it knows of the file


def dump(target: Path) -> list[NamedFile]:
    """Write the database to a file; return what the rows in it name, whatever changes meanwhile."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM INTO %s", [str(target)])
            with closing(_open(target)) as copy:
                return list(_named_files(copy.execute))
        with transaction.atomic():
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            [snapshot] = cursor.fetchone()
            _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
            return list(_named_files(cursor.execute))


def load(source: Path) -> None:
    """Replace the database by the one that `dump` wrote, in one step."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(_open(source)) as copy:
            copy.backup(connection.connection)
    else:  # the tables of the empty site may be newer
        tables = connection.introspection.django_table_names(only_existing=True)
        names = ", ".join(map(connection.ops.quote_name, [*tables, "django_migrations"]))
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {names} CASCADE")
        connection.close()
        name = connection.settings_dict["NAME"]
        _run("pg_restore", "--single-transaction", "--no-comments", f"--dbname={name}", str(source))
    ContentType.objects.clear_cache()


def _named_files(select: Callable[[str], Iterable[tuple[Any, ...]]]) -> Iterator[NamedFile]:
    for field in all_file_fields():
        model, quoted = field.model._meta, connection.ops.quote_name
        if connection.alias in databases(field.model):
            columns = {it.name: quoted(it.column or "") for it in model.concrete_fields}
            wanted = model.pk.name, field.name, *upload_of(field).described_by
            names = [columns[name] for name in wanted]
            rows = f"SELECT {', '.join(names)} FROM {quoted(model.db_table)}"  # noqa: S608
            for pk, name, *facts in select(f"{rows} WHERE {names[1]} > ''"):
                row, known = f"{source_of(field)} {pk}", facts if any(facts[1:]) else []
                yield storage_label(field), name, row, known


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _run(program: str, *options: str) -> None:
    """Run a program of PostgreSQL on the site's database; the password is in no argument."""
    settings = connection.settings_dict
    _, environment = connection.client.settings_to_cmd_args_env(settings, [])
    where = {f"PG{key}": str(settings[key]) for key in ("HOST", "PORT", "USER") if settings[key]}
    environment = os.environ | where | {"PGDATABASE": settings["NAME"]} | (environment or {})
    command = [program, "--no-owner", "--no-privileges", "--no-password", *options]
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError as error:
        raise Refused(f"{program} was not found: install PostgreSQL's client programs.") from error
    except subprocess.CalledProcessError as error:
        raise Refused(f"{program} failed: {error.stderr.strip()}") from error
