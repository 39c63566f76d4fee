"""Start processes that know nothing of the site's database and files."""

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from django.conf import settings
from django.db import connection


@contextmanager
def python(module: str, *arguments, engine: str, remote=False, **environment):
    """Run `python -m documents.comparison.<module>` and yield its Popen, its output a text pipe.

    The database is of the site's kind, on the same PostgreSQL server or an SQLite file.
    """
    with tempfile.TemporaryDirectory(prefix="comparison-") as scratch:
        environment = (
            os.environ
            | environment
            | {
                "DJANGO_SETTINGS_MODULE": "documents.comparison.settings",
                "SECRET_KEY": "comparison",
                "FILE_CLEANUP": engine,
                "COMPARISON_DATABASE": database_name(scratch),
                "COMPARISON_SCRATCH": scratch,
                "COMPARISON_REMOTE": str(int(remote)),
            }
        )
        command = [sys.executable, "-m", f"documents.comparison.{module}", *map(str, arguments)]
        process = Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=PIPE, text=True)  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def database_name(scratch) -> str:
    if connection.vendor == "sqlite":
        return f"{scratch}/db.sqlite3"
    return Path(scratch).name.replace("-", "_")
