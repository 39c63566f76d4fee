"""The throw-away database of a process: made once, emptied before every scenario."""

from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.postgresql.psycopg_any import sql

from intranet.trace.models import Action

tables: list[str] = []  # those that have no rows when the site is installed


def create():
    """Make the database that the settings name, with all its tables."""
    if connection.vendor == "postgresql":
        _administer("CREATE DATABASE {}")
    call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)
    Action.objects.all().delete()
    with connection.cursor() as cursor:
        names = connection.introspection.django_table_names(only_existing=True)
        for table in map(connection.ops.quote_name, names):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608
            if not cursor.fetchone():
                tables.append(table)
    connections.close_all()


def empty():
    """Delete whatever is in the database besides what it was made with."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608


def drop():
    """Remove the database."""
    connections.close_all()
    if connection.vendor == "postgresql":
        _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    else:
        Path(connection.settings_dict["NAME"]).unlink(missing_ok=True)


def _administer(statement):
    name = sql.Identifier(connection.settings_dict["NAME"])
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(name))
