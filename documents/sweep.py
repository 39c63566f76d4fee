"""The sweep: storage and database compared, for what no signal can see.

Bulk updates, raw SQL, fixtures, rolled-back uploads and restored backups can leave a file that no
row names, or a row whose file is missing or is not the one described.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from django.core.files.storage import FileSystemStorage, Storage
from django.db.models import FileField, QuerySet
from django.utils import timezone

from intranet.wording import counted

from .models import Document, FileRemoval
from .storage import (
    all_file_fields,
    databases,
    default_name,
    folders_of_others,
    place,
    source_of,
    storage_label,
    unwrap,
)

MIN_AGE = timedelta(hours=1)  # longer than any transaction that may still name a new file
NOT_OURS = {".gitkeep", "lost+found"}
PAPER = Document._meta.get_field("file")


class Facts(NamedTuple):
    """What is asked of a file, named as os.stat() names it."""

    st_size: int
    st_mtime: float  # seconds since 1970


@dataclass
class Findings:
    """What a sweep found."""

    files: int = 0
    rows: int = 0
    orphans: list[tuple[str, str]] = field(default_factory=list)  # (storage, name)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def __len__(self):
        return len(self.orphans) + len(self.missing) + len(self.changed)

    def lines(self) -> list[str]:
        orphans = [f"{printable(name)} (storage {label})" for label, name in self.orphans]
        return [
            *(f"no row names {line}" for line in orphans),
            *(f"missing: {line}" for line in self.missing),
            *(f"changed: {line}" for line in self.changed),
        ]

    def __str__(self):
        orphans, changed = counted(len(self.orphans), "file"), counted(len(self.changed), "file")
        return (
            f"{counted(self.files, 'file')} and {counted(self.rows, 'row')} compared: "
            f"{orphans} that no row names, {counted(len(self.missing), 'row')} whose file is "
            f"missing, {changed} not as described by the paper."
        )


class Sweeper:
    """Compares every storage that a file field uses with the rows, and changes nothing.

    Files younger than `min_age` may belong to a transaction that is still open. `reads(pk)` says
    whether the contents of a paper's file are compared with its checksum. `tick(count)` is told
    of files and rows as they are dealt with.
    """

    def __init__(
        self,
        min_age: timedelta = MIN_AGE,
        reads: Callable[[int], bool] = lambda pk: True,
        tick: Callable[[int], object] = lambda count: None,
    ):
        self.oldest = (timezone.now() - min_age).timestamp()
        self.reads = reads
        self.tick = tick
        self.findings = Findings()

    def run(self) -> Findings:
        fields_by_place = {}
        for file_field in all_file_fields():
            fields_by_place.setdefault(place(file_field.storage), []).append(file_field)
        for fields in fields_by_place.values():
            self.compare(unwrap(fields[0].storage), fields)
        return self.findings

    def compare(self, storage: Storage, fields: list[FileField]) -> None:
        """Compare one storage with the fields whose files it holds.

        The storage comes first: a file that is stored after the listing is no orphan then.
        """
        others = folders_of_others(storage)
        files = list_files(storage)
        stored = {name: facts for name, facts in files if not name.startswith(others)}
        self.tick(len(stored))
        named = set()
        for file_field in fields:
            named.add(default_name(file_field))
            for alias in databases(file_field.model):
                named.update(self.compare_rows(file_field, alias, stored))
        self.findings.files += len(stored)
        label = storage_label(fields[0])
        for name in sorted(stored.keys() - named - _waiting(label)):
            with suppress(FileNotFoundError):  # gone since the listing
                if stored[name]().st_mtime <= self.oldest:
                    self.findings.orphans.append((label, name))

    def compare_rows(self, file_field: FileField, alias: str, stored: dict) -> Iterator[str]:
        """Yield the names in the rows, and note what is wrong with their files."""
        is_paper = file_field == PAPER
        columns = ["pk", file_field.name, *(["size", "sha256"] if is_paper else [])]
        rows = QuerySet(file_field.model, using=alias).filter(**{f"{file_field.name}__gt": ""})
        for pk, name, *description in rows.order_by().values_list(*columns).iterator():
            self.findings.rows += 1
            self.tick(1)
            yield name
            problem = ""
            if name not in stored:
                # The row may be younger than the listing, or gone by now.
                row = rows.filter(pk=pk, **{file_field.name: name})
                if row.exists() and not file_field.storage.exists(name):
                    self.findings.missing.append(f"{name} of {source_of(file_field)} {pk}")
            elif is_paper:
                problem = self.problem_of(pk, name, stored[name], *description)
            if problem:
                self.findings.changed.append(f"{name} of {source_of(file_field)} {pk}: {problem}")

    def problem_of(self, pk: int, name: str, file: Callable, size: int, sha256: str) -> str:
        """Return how a file differs from its paper; one without a checksum describes nothing."""
        with suppress(FileNotFoundError):  # gone since the listing
            if sha256 and (actual := file().st_size) != size:
                return f"it has {actual} bytes instead of {size}"
            if sha256 and self.reads(pk) and checksum(PAPER.storage, name) != sha256:
                return "its contents do not match the checksum"
        return ""


def checksum(storage: Storage, name: str) -> str:
    digest = hashlib.sha256()
    with storage.open(name) as file:
        for chunk in file.chunks():
            digest.update(chunk)
    return digest.hexdigest()


def printable(name: str) -> str:
    """Return the name with escapes for what is not UTF-8: on a disk, a name is just bytes."""
    return name.encode(errors="backslashreplace").decode()


def ask_for_removal_of(orphans: list[tuple[str, str]]) -> int:
    """Write a removal for each (storage, name); before it is carried out, rows are asked again.

    Returns how many it wrote: a name that is not UTF-8 cannot be written down.
    """
    removals = [
        FileRemoval(storage=label, name=name, reason=FileRemoval.Reason.ORPHANED)
        for label, name in orphans
        if name == printable(name)
    ]
    return len(FileRemoval.objects.bulk_create(removals))


def _waiting(label: str) -> set[str]:
    """The files that are to be removed anyway."""
    names = set()
    for alias in databases(FileRemoval):
        waiting = FileRemoval.objects.using(alias).pending().filter(storage=label)
        names.update(waiting.values_list("name", flat=True))
    return names


# --- Listing a storage -----------------------------------------------------------------------


def list_files(storage: Storage) -> Iterator[tuple[str, Callable]]:
    """Yield (name, function that returns its Facts) for every file, in the fastest way there is."""
    if isinstance(storage, FileSystemStorage):
        return _scan(storage.location)
    if hasattr(getattr(storage, "bucket", None), "objects"):
        return _list_bucket(storage)
    return _walk(storage, "")


def _scan(location: str) -> Iterator[tuple[str, Callable]]:
    root = os.path.realpath(location)
    folders = [(location, "")]
    while folders:
        folder, prefix = folders.pop()
        with suppress(FileNotFoundError):
            for entry in os.scandir(folder):
                if entry.name in NOT_OURS:
                    continue
                if not entry.is_dir():
                    yield prefix + entry.name, entry.stat
                elif not (entry.is_symlink() and _leads_back(entry.path, root)):
                    folders.append((entry.path, f"{prefix}{entry.name}/"))


def _leads_back(link: str, root: str) -> bool:
    """Whether a link shows files of the same storage a second time, which no row names so."""
    return os.path.commonpath([root, there := os.path.realpath(link)]) in (root, there)


def _list_bucket(storage: Storage) -> Iterator[tuple[str, Callable]]:
    prefix = f"{storage.location.strip('/')}/" if storage.location else ""
    for item in storage.bucket.objects.filter(Prefix=prefix):
        if not item.key.endswith("/"):
            facts = (item.size, item.last_modified.timestamp())
            yield item.key.removeprefix(prefix), partial(Facts, *facts)


def _walk(storage: Storage, folder: str) -> Iterator[tuple[str, Callable]]:
    folders, names = storage.listdir(folder)
    prefix = f"{folder}/" if folder else ""
    for name in names:
        if name not in NOT_OURS:
            yield prefix + name, partial(_ask, storage, prefix + name)
    for name in folders:
        yield from _walk(storage, prefix + name)


def _ask(storage: Storage, name: str) -> Facts:
    return Facts(storage.size(name), storage.get_modified_time(name).timestamp())
