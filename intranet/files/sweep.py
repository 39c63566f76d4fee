"""The sweep: storage and database compared, for what no signal can see.

Bulk updates, raw SQL, fixtures, rolled-back uploads and restored backups can leave a file that no
row names, or a row whose file is missing or is not the one described.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import Storage
from django.db.models import FileField, QuerySet
from django.utils import timezone

from documents.models import Document
from intranet.wording import counted, words_of

from .fields import (
    all_file_fields,
    databases,
    default_name,
    made_by,
    place,
    source_of,
    storage_label,
    unwrap,
    waiting,
)
from .listing import real_place, stored_files
from .marker import check
from .models import FileRemoval

MIN_AGE = timedelta(hours=1)  # longer than any transaction that may still name a new file
PAPER = Document._meta.get_field("file")


@dataclass
class Findings:
    """What a sweep found."""

    files: int = 0
    rows: int = 0
    orphans: list[tuple[str, str]] = field(default_factory=list)  # (storage, name)
    strangers: list[tuple[str, str]] = field(default_factory=list)  # no upload gives such names
    young: int = 0  # files that no row names, which may belong to an upload that goes on
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    @property
    def limit(self) -> int:
        """How many orphans are not surprising: 50, or a tenth of all files."""
        return max(50, self.files // 10)

    def __len__(self):
        return len(self.orphans) + len(self.missing) + len(self.changed)

    def lines(self) -> list[str]:
        return [
            *(f"no row names {name} (storage {label})" for label, name in self.orphans),
            *(f"missing: {line}" for line in self.missing),
            *(f"changed: {line}" for line in self.changed),
        ]

    def __str__(self):
        orphans, changed = counted(len(self.orphans), "file"), counted(len(self.changed), "file")
        strangers = counted(len(self.strangers), "file")
        left_alone = f" {strangers} with a name that no upload gets: left alone."
        young = f" {counted(self.young, 'file')} that no row names, too young to judge: left alone."
        return (
            f"{counted(self.files, 'file')} and {counted(self.rows, 'row')} compared: "
            f"{orphans} that no row names, {counted(len(self.missing), 'row')} whose file is "
            f"missing, {changed} not as described by the paper."
            f"{left_alone if self.strangers else ''}{young if self.young else ''}"
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
        """Compare all storages. Raises NotTied if one is not known to be this database's."""
        fields_by_place = {}
        for file_field in all_file_fields():
            fields_by_place.setdefault(place(file_field.storage), []).append(file_field)
        for fields in fields_by_place.values():
            check(storage_label(fields[0]))
            self.compare(unwrap(fields[0].storage), fields)
        return self.findings

    def compare(self, storage: Storage, fields: list[FileField]) -> None:
        """Compare one storage with the fields whose files it holds.

        The storage comes first: a file that is stored after the listing is no orphan then.
        """
        stored = stored_files(storage)
        self.tick(len(stored))
        named = set()
        for file_field in fields:
            named.add(default_name(file_field))
            for alias in databases(file_field.model):
                named.update(self.compare_rows(file_field, alias, stored))
        self.findings.files += len(stored)
        unlisted = {real_place(storage, name) for name in named - stored.keys()}  # behind links
        label, pattern = storage_label(fields[0]), made_by(fields)
        for name in sorted(stored.keys() - named - waiting(label)):
            if name != printable(name) or not pattern.fullmatch(name):
                self.findings.strangers.append((label, printable(name)))
                continue
            with suppress(FileNotFoundError):  # gone since the listing
                is_young = stored[name]().st_mtime > self.oldest
                if real_place(storage, name) in unlisted:
                    continue
                if is_young:
                    self.findings.young += 1
                else:
                    self.findings.orphans.append((label, name))

    def compare_rows(self, file_field: FileField, alias: str, stored: dict) -> Iterator[str]:
        """Yield the names in the rows, and note what is wrong with their files."""
        is_paper, source = file_field == PAPER, source_of(file_field)
        columns = ["pk", file_field.name, *(["size", "sha256"] if is_paper else [])]
        rows = QuerySet(file_field.model, using=alias).filter(**{f"{file_field.name}__gt": ""})
        for pk, name, *description in rows.order_by().values_list(*columns).iterator():
            self.findings.rows += 1
            self.tick(1)
            yield name
            # The row may be younger than the listing, or gone by now.
            row, line = rows.filter(pk=pk, **{file_field.name: name}), f"{name} of {source} {pk}"
            if name not in stored:
                if row.exists() and not file_field.storage.exists(name):
                    self.findings.missing.append(line)
            elif is_paper:
                problem = self.problem_of(pk, name, stored[name], *description)
                if problem and row.exists():
                    self.findings.changed.append(f"{line}: {problem}")

    def problem_of(self, pk: int, name: str, file: Callable, size: int, sha256: str) -> str:
        """Return how a file differs from its paper; one without a checksum describes nothing."""
        try:
            if sha256 and (actual := file().st_size) != size:
                return f"it has {actual} bytes instead of {size}"
            if sha256 and self.reads(pk) and checksum(PAPER.storage, name) != sha256:
                return "its contents do not match the checksum"
        except Exception as error:  # storages raise what they like
            return f"it cannot be read ({words_of(error)})"
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


def ask_for_removal_of(orphans: list[tuple[str, str]]) -> None:
    """Write a removal for each (storage, name); before it is carried out, rows are asked again."""
    due_at = timezone.now() + timedelta(seconds=settings.FILE_REMOVAL_GRACE)
    reason = FileRemoval.Reason.ORPHANED
    FileRemoval.objects.bulk_create(
        FileRemoval(storage=label, name=name, reason=reason, due_at=due_at)
        for label, name in orphans
    )
