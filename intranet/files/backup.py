"""Copies of the whole site: the database, the files that its rows name, and a manifest of both.

The database is dumped and loaded by its engine's own means; the manifest is written last.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import FileSystemStorage
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from tqdm import tqdm

from intranet.wording import counted

from .fields import all_file_fields, databases, find_storage, source_of, storage_label, upload_of

MANIFEST = "manifest.json"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
Manifest = dict[str, Any]
Description = list[Any]  # size in bytes and SHA-256
Files = dict[str, dict[str, Description]]  # storage -> name
NamedFile = tuple[str, str, str, Description]  # storage, name, row, what the row knows


def back_up(directory: Path) -> Manifest:
    """Copy the site into an empty directory, for its owner's eyes only; return the manifest.

    Its "problems" say which files are missing, or not as their rows describe them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise CommandError(f"{directory} is not empty. Each copy has a directory of its own.")
    directory.chmod(0o700)
    database = directory / DATABASES[connection.vendor]
    named_files, files = dump(database), Files()
    manifest = {
        "made_at": timezone.now().isoformat(),
        "engine": connection.vendor,
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "database": describe(database),
        "problems": [*_copy_files(named_files, directory, files)],
        "files": files,
    }
    os.sync()
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1))
    return manifest


def read(directory: Path) -> Manifest:
    """Return the manifest of a copy that is whole and fits this site; else raise CommandError."""
    try:
        manifest: Manifest = json.loads((directory / MANIFEST).read_text())
        engine = manifest["engine"]
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{directory} is no finished copy: {error}.") from error
    if engine != connection.vendor:
        raise CommandError(f"The copy is of {engine}, but this site uses {connection.vendor}.")
    known = MigrationLoader(None).disk_migrations
    if newer := [".".join(it) for it in manifest["migrations"] if tuple(it) not in known]:
        raise CommandError(f"The copy is of a newer version, with {', '.join(newer)}.")
    directory = directory.resolve()  # so that what differs from its own resolution is a link
    expected = {directory / DATABASES[engine]: manifest["database"]}
    for label, name, description in entries(manifest):
        expected[Path(kept_files(directory, label).path(name))] = description
    damaged = [
        f"{path} is missing or damaged."  # not shown
        for path, description in tqdm(expected.items(), "Checking", disable=None, leave=False)
        if path.resolve() != path or not path.is_file() or describe(path) != description
    ]
    if damaged:
        raise CommandError("\n".join(["The copy is not whole.", *damaged]))
    return manifest


def entries(manifest: Manifest) -> list[tuple[str, str, Description]]:
    """Return (storage, name, description) of every file."""
    return [(label, *file) for label, files in manifest["files"].items() for file in files.items()]


def summary(manifest: Manifest) -> str:
    """Return "the database (1.2 MB) and 3 files (4.5 MB)"."""
    sizes = [size for _, _, (size, _) in entries(manifest)]
    database, files = filesizeformat(manifest["database"][0]), filesizeformat(sum(sizes))
    return f"the database ({database}) and {counted(len(sizes), 'file')} ({files})"  # not shown


def kept_files(directory: Path, label: str) -> FileSystemStorage:
    """Return where a copy keeps the files of a storage."""
    folder = directory.resolve() / "files" / label
    return FileSystemStorage(folder, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def describe(path: Path) -> Description:
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _copy_files(rows: list[NamedFile], directory: Path, files: Files) -> Iterator[str]:
    """Copy each file once, and note in `files` what the disk has of it then; yield problems."""
    for label, name, row, described in tqdm(rows, "Copying", disable=None, leave=False):
        copied = files.setdefault(label, {})
        try:
            if name not in copied:
                copied[name] = _copy(label, name, kept_files(directory, label))
            if described and described != copied[name]:
                found = "{} bytes with SHA-256 {}".format(*copied[name])  # not shown
                yield f"{name} of {row} is not as described: it has {found}"  # not shown
        except Exception as error:  # storages raise what they like
            yield f"{name} of {row} could not be copied: {error}"  # not shown


def _copy(label: str, name: str, target: FileSystemStorage) -> Description:
    with find_storage(label).open(name) as source:
        target.save(name, source)
    return describe(Path(target.path(name)))


# --- The database ----------------------------------------------------------------------------


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
        tables += ["django_migrations", settings.PROGRESS]  # of no model
        names = ", ".join(map(connection.ops.quote_name, tables))
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {names} CASCADE")
        connection.close()
        _run("pg_restore", "--single-transaction", "--no-comments", str(source))
    ContentType.objects.clear_cache()


def _named_files(select: Callable[[str], Iterable[Any]]) -> Iterator[NamedFile]:
    quoted, tables = connection.ops.quote_name, connection.introspection.table_names()
    for field in all_file_fields():
        model = field.model._meta
        if connection.alias in databases(field.model) and model.db_table in tables:
            columns = {it.name: quoted(str(it.column)) for it in model.concrete_fields}
            described_by = upload_of(field).described_by
            names = [columns[it] for it in (model.pk.name, field.name, *described_by)]
            rows = f"SELECT {', '.join(names)} FROM {quoted(model.db_table)}"  # noqa: S608
            for pk, name, *facts in select(f"{rows} WHERE {names[1]} > ''"):
                known = facts if any(facts[1:]) else []
                yield storage_label(field), name, f"{source_of(field)} {pk}", known


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _run(program: str, *options: str) -> None:
    """Run a program of PostgreSQL on the site's database; the password is in no argument."""
    facts = connection.settings_dict
    (_, *where, name), secrets = connection.client.settings_to_cmd_args_env(facts, [])
    where += [f"--dbname={name}", "--no-password", "--no-owner", "--no-privileges"]
    command, environment = [program, *where, *options], os.environ | (secrets or {})
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError as error:
        raise CommandError(f"{program} was not found: install PostgreSQL's programs.") from error
    except subprocess.CalledProcessError as error:
        raise CommandError(f"{program} failed: {error.stderr.strip()}") from error
