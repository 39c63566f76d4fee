"""Making a copy: the database, then the files that its rows name, each checked, then a manifest."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from tqdm import tqdm

from intranet.wording import counted

from ..fields import find_storage
from . import Described, Manifest, Refused, databases

MANIFEST = "manifest.json"
Files = dict[str, dict[str, Described]]  # by storage and name


def back_up(directory: Path) -> Manifest:
    """Copy the site into an empty directory, for its owner's eyes only; return the manifest.

    Its "problems" say which files are missing, or not as their rows describe them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise Refused(f"{directory} is not empty. Each copy has a directory of its own.")
    directory.chmod(0o700)
    database = directory / databases.NAMES[connection.vendor]
    files: Files = {}
    named_files = databases.dump(database)
    facts = {
        "made_at": timezone.now().isoformat(),
        "engine": connection.vendor,
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "database": describe(database),
        "problems": [*_copy_files(named_files, directory, files)],
        "files": files,
    }
    os.sync()
    (directory / MANIFEST).write_text(json.dumps(facts, indent=1))
    return facts


def read(directory: Path) -> Manifest:
    """Return the manifest of a copy, {"files": {storage: {name: [size, sha256]}}} and more."""
    try:
        facts: Manifest = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise Refused(f"{directory} is no finished copy: {error}.") from error
    return facts


def entries(facts: Manifest) -> list[tuple[str, str, Described]]:
    """Return (storage, name, [size, sha256]) of every file."""
    return [(label, *file) for label, files in facts["files"].items() for file in files.items()]


def summary(facts: Manifest) -> str:
    """Return "the database (1.2 MB) and 3 files (4.5 MB)"."""
    sizes = [size for _, _, (size, _) in entries(facts)]
    database, files = filesizeformat(facts["database"][0]), filesizeformat(sum(sizes))
    return f"the database ({database}) and {counted(len(sizes), 'file')} ({files})"


def damages(directory: Path, facts: Manifest) -> Iterator[str]:
    """Read the database and all files of a copy to the end; yield what is wrong with them."""
    expected = {directory / databases.NAMES[facts["engine"]]: facts["database"]}
    for label, name, description in entries(facts):
        expected[Path(kept_files(directory, label).path(name))] = description
    for path, description in tqdm(expected.items(), "Checking", disable=None, leave=False):
        if not path.is_file():
            yield f"{path} is missing."
        elif describe(path) != description:
            yield f"{path} is damaged: it is not what was copied."


def kept_files(directory: Path, label: str) -> FileSystemStorage:
    """Return where a copy keeps the files of a storage."""
    folder = directory.resolve() / "files" / label
    return FileSystemStorage(folder, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def describe(path: Path) -> Described:
    """Return [size in bytes, sha256] of a file on the disk."""
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _copy_files(rows: list[databases.NamedFile], directory: Path, files: Files) -> Iterator[str]:
    """Copy each file once, and note in `files` what the disk has of it then; yield problems."""
    for label, name, row, described in tqdm(rows, "Copying", disable=None, leave=False):
        copied = files.setdefault(label, {})
        try:
            if name not in copied:
                copied[name] = _copy(label, name, kept_files(directory, label))
            if described and described != copied[name]:
                found = "{} bytes with SHA-256 {}".format(*copied[name])
                yield f"{name} of {row} is not as described: it has {found}"
        except Exception as error:  # storages raise what they like
            yield f"{name} of {row} could not be copied: {error}"


def _copy(label: str, name: str, target: FileSystemStorage) -> Described:
    with find_storage(label).open(name) as source:
        target.save(name, source)
    return describe(Path(target.path(name)))
