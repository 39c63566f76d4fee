"""Making a copy: the database first, then the files that its rows name, then a check of it all."""

import errno
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.utils import timezone

from ..storage import all_file_fields, find_storage, place
from . import Refused, databases, manifest, progress
from .databases import NamedFile

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def back_up(directory: Path) -> dict:
    """Copy the site into an empty directory, for its owner's eyes only; return the manifest.

    Its "problems" say which files are missing, or not as their rows describe them.
    """
    with _private():
        _prepare(directory)
        made_at = timezone.now().isoformat()
        database = directory / databases.NAMES[connection.vendor]
        rows = databases.dump(database)
        files, problems = _copy_files(rows.files, directory)
        facts = {
            "made_at": made_at,
            "engine": connection.vendor,
            "migrations": rows.migrations,
            "database": [database.name, *manifest.describe(database)],
            "files": files,
        }
        facts["problems"] = [*problems, *manifest.problems(directory, facts)]
        manifest.write(directory, facts)
    return facts


@contextmanager
def _private():
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _prepare(directory: Path) -> None:
    path = directory.resolve()
    for kind, *where in {place(field.storage) for field in all_file_fields()}:
        if kind == "folder" and path.is_relative_to(where[0]):
            raise Refused(f"{directory} lies within the store itself, {where[0]}.")
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise Refused(f"{directory} is not empty. Each copy has a directory of its own.")
    directory.chmod(0o700)


def _copy_files(rows: list[NamedFile], directory: Path) -> tuple[dict, list[str]]:
    """Copy each file once; return {storage: {name: [size, sha256]}} and what is wrong."""
    files, problems = defaultdict(dict), []
    for row in progress(rows, desc="Copying"):
        copied = files[row.storage]
        try:
            if row.name not in copied:
                target = manifest.place_of(directory, row.storage, row.name)
                copied[row.name] = _copy(row, target)
            problems += _differences(row, copied[row.name])
        except Exception as error:  # storages raise what they like
            if getattr(error, "errno", None) in NO_ROOM:
                raise
            problems.append(f"{row.name} of {row.row} could not be copied: {error}")
    return files, problems


def _copy(row: NamedFile, target: Path) -> list:
    """Copy a file, piece by piece; return the [size, sha256] of what was read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with find_storage(row.storage).open(row.name) as source, target.open("wb") as copy:
        for chunk in source.chunks():
            digest.update(chunk)
            size += copy.write(chunk)
    return [size, digest.hexdigest()]


def _differences(row: NamedFile, copied: list) -> Iterator[str]:
    if row.sha256 and [row.size, row.sha256] != copied:
        yield (
            f"{row.name} of {row.row} is not as described: "
            f"{copied[0]} bytes, checksum {copied[1]}; the row says {row.size}, {row.sha256}"
        )
