"""Throw-away databases: one with all tables is made once, every scenario gets a copy."""

import shutil
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.postgresql.psycopg_any import sql


def create():
    """Make the database that the settings name, with all its tables."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        _administer("CREATE DATABASE {}", name)
    call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()


def copy(name: str):
    """Copy the database under `name` (for SQLite beside it) and use the copy from here on."""
    original = connection.settings_dict["NAME"]
    connections.close_all()
    if connection.vendor == "sqlite":
        name = str(Path(original).with_name(f"{name}.sqlite3"))
        shutil.copy(original, name)
    else:
        name = f"{original}_{name}"[-63:]
        _administer("CREATE DATABASE {} TEMPLATE {}", name, original)
    connection.settings_dict["NAME"] = name


def drop():
    """Remove the database that is in use."""
    name = connection.settings_dict["NAME"]
    connections.close_all()
    if connection.vendor == "postgresql":
        _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    else:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)


def _administer(statement, *names):
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
