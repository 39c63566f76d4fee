"""Making a copy: the database, then the files that its rows name, each checked, then a manifest."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.utils import timezone

from ..fields import find_storage, place, stores
from . import Refused, databases, manifest, progress
from .databases import NamedFile


def back_up(directory: Path) -> dict:
    """Copy the site into an empty directory, for its owner's eyes only; return the manifest.

    Its "problems" say which files are missing, or not as their rows describe them.
    """
    with _private():
        _prepare(directory)
        facts = {"made_at": timezone.now().isoformat(), "engine": connection.vendor}
        database = directory / databases.NAMES[connection.vendor]
        named_files, facts["migrations"] = databases.dump(database)
        facts["database"] = manifest.describe(database)
        facts["files"] = defaultdict(dict)
        facts["problems"] = [*_copy_files(named_files, directory, facts["files"])]
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
    for kind, *where in map(place, stores().values()):
        if kind == "folder" and directory.resolve().is_relative_to(where[0]):
            raise Refused(f"{directory} lies within the store itself, {where[0]}.")
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise Refused(f"{directory} is not empty. Each copy has a directory of its own.")
    directory.chmod(0o700)


def _copy_files(rows: list[NamedFile], directory: Path, files: dict) -> Iterator[str]:
    """Copy each file once, into `files` ({storage: {name: [size, sha256]}}); yield problems."""
    for row in progress(rows, desc="Copying"):
        copied = files[row.storage]
        try:
            if row.name not in copied:
                target = manifest.place_of(directory, row.storage, row.name)
                copied[row.name] = _copy(row, target)
        except Exception as error:  # storages raise what they like
            yield f"{row.name} of {row.row} could not be copied: {error}"
        else:
            if row.described and row.described != copied[row.name]:
                found, wanted = map(in_words, (copied[row.name], row.described))
                yield f"{row.name} of {row.row} is not as described: {found} instead of {wanted}"


def _copy(row: NamedFile, target: Path) -> list:
    """Copy a file, piece by piece; return [size, sha256] of what the disk has of it then."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with find_storage(row.storage).open(row.name) as source, target.open("wb") as copy:
        copy.writelines(source.chunks())
    return manifest.describe(target)


def in_words(description: list) -> str:
    return "{} bytes with SHA-256 {}".format(*description)
