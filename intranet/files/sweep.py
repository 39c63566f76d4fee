"""The sweep: storage and database compared, for what no signal can see.

Bulk updates, raw SQL, fixtures, rolled-back uploads and restored backups can leave a file that no
row names, or a row whose file is missing or is not the one described.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import Storage
from django.db.models import FileField, Model, QuerySet
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from intranet.trace.action import kept, mark
from intranet.trace.phrases import Phrase, nphrase, phrase
from intranet.wording import words_of

from .fields import default_name, rows_of, source_of, stores, upload_of, waiting
from .listing import real_place, stored_files
from .marker import check
from .models import FileFault, FileRemoval

AT_A_TIME = 1000  # rows that are asked for again
MISSING = phrase("it is missing")
MIN_AGE = timedelta(hours=1)  # longer than any transaction that may still name a new file


class Sweeper:
    """Compares every storage that a file field uses with the rows, and changes nothing.

    Files younger than `min_age` may belong to a transaction that is still open. `reads(pk)` says
    whether the contents of a row's file are compared with its checksum.
    """

    def __init__(
        self, min_age: timedelta = MIN_AGE, reads: Callable[[int], bool] = lambda pk: True
    ):
        self.oldest, self.reads = timezone.now() - min_age, reads
        self.measures = True  # else nobody asks how long a file is
        self.files = self.rows = 0
        self.strays: list[FileFault] = []  # files that no row names
        # (name, source, key of the row, how, whose file it is)
        self.faults: list[tuple[str, str, int, Phrase, str]] = []
        self.left_alone: list[str] = []  # too young, or with a name that no upload gets

    def run(self) -> "Sweeper":
        """Compare all storages. Raises NotTied if one is not known to be this database's."""
        for label in stores():
            check(label)
        for label, storage in stores().items():
            self.compare(label, storage)
        return self

    def compare(self, label: str, storage: Storage) -> None:
        """Compare one storage with the rows whose files it holds.

        The storage comes first: a file that is stored after the listing is no orphan then.
        """
        stored, named, uploads = stored_files(storage), set(), []
        for field, rows in rows_of(label):
            uploads.append(upload_of(field).names)
            named.add(default_name(field))
            named.update(self.compare_rows(field, rows, stored))
        self.files += len(stored)
        unnamed = sorted(stored - named - waiting(label))
        linked = {real_place(storage, name) for name in named - stored} if unnamed else set()
        for name in unnamed:
            with suppress(FileNotFoundError):  # gone since the listing
                is_upload = re.fullmatch("|".join(uploads), name) and name.isprintable()
                if not is_upload or (since := storage.get_modified_time(name)) > self.oldest:
                    self.left_alone.append(name)
                elif real_place(storage, name) not in linked:
                    facts = {"size": storage.size(name), "stored_at": since}
                    self.strays.append(FileFault(storage=label, name=name, **facts))

    def compare_rows(
        self, field: FileField, rows: QuerySet[Model], stored: set[str]
    ) -> Iterator[str]:
        """Yield the names in the rows, and note what is wrong with their files."""
        source, upload = source_of(field), upload_of(field)
        columns: list[str | Combinable] = ["pk", field.name, upload.whose, *upload.described_by]
        values, suspects = rows.values_list(*columns).iterator(), []
        for pk, name, whose, *facts in tqdm(
            values, f"Comparing {source}", disable=None, leave=False
        ):
            self.rows += 1
            yield name
            is_stored = name in stored or field.storage.exists(name)  # by now, or behind a link
            fault = self.fault_of(field, pk, name, *facts) if is_stored else MISSING
            if fault:
                suspects.append((name, source, pk, fault, whose))
        # A row may be younger than the listing, or gone by now.
        for first in range(0, len(suspects), AT_A_TIME):
            some = suspects[first : first + AT_A_TIME]
            by_key = rows.filter(pk__in=[pk for _name, _source, pk, *_ in some])
            there = set(by_key.values_list("pk", field.name))
            self.faults += [it for it in some if (it[2], it[0]) in there]

    def fault_of(
        self, field: FileField, pk: int, name: str, size: int = 0, sha256: str = ""
    ) -> Phrase | None:
        """Return how a file differs from its row; one without a checksum describes nothing."""
        try:
            measured = sha256 and self.measures
            if measured and (actual := field.storage.size(name)) != size:
                return phrase(
                    "it has %(actual)s bytes instead of %(size)s", actual=actual, size=size
                )
            if sha256 and self.reads(pk) and checksum(field.storage, name) != sha256:
                return phrase("its contents do not match the checksum")
        except Exception as error:  # storages raise what they like
            return phrase("it cannot be read (%(error)s)", error=words_of(error))
        return None

    @property
    def orphans(self) -> list[tuple[str, str]]:
        """Storage and name of the files that no row names."""
        return [(it.storage, it.name) for it in self.strays]

    @property
    def limit(self) -> int:
        """How many orphans are not surprising: 50, or a tenth of all files."""
        return max(50, self.files // 10)

    @property
    def wrong(self) -> list[str]:
        """Which file of which row is not as it should be, and how."""
        text = _("%(name)s of %(row)s: %(fault)s")
        return [
            text % {"name": name, "row": row_of(source, pk, whose), "fault": fault}
            for name, source, pk, fault, whose in self.faults
        ]

    def keep(self) -> None:
        """Write down what was found, in place of what was found before."""
        found = self.strays + [
            FileFault(name=name, source=source, row_key=str(pk), **kept(fault, "fault"))
            for name, source, pk, fault, _whose in self.faults
        ]
        FileFault.objects.all().delete()
        FileFault.objects.bulk_create(sorted(found, key=lambda it: it.name), batch_size=1000)

    def __len__(self) -> int:
        return len(self.orphans) + len(self.wrong)

    def lines(self) -> list[str]:
        no_row = _("no row names %(name)s (storage %(store)s)")
        orphans = [no_row % {"name": name, "store": label} for label, name in self.orphans]
        return orphans + self.wrong

    def __str__(self) -> str:
        parts = [
            nphrase("%(count)d file compared", "%(count)d files compared", self.files),
            nphrase(
                "%(count)d file that no row names",
                "%(count)d files that no row names",
                len(self.orphans),
            ),
            nphrase(
                "%(count)d row whose file is missing or not as described",
                "%(count)d rows whose file is missing or not as described",
                len(self.faults),
            ),
            nphrase(
                "%(count)d file left alone, too young or named by no upload",
                "%(count)d files left alone, too young or named by no upload",
                len(self.left_alone),
            ),
        ]
        return _("; ").join(map(str, parts))


def row_of(source: str, pk: int, whose: str) -> str:
    return f"{source} {pk} ({whose})" if whose else f"{source} {pk}"


def checksum(storage: Storage, name: str) -> str:
    with storage.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ask_for_removal_of(strays: Sequence[FileFault]) -> None:
    """Write a removal for each file; before it is carried out, rows are asked again."""
    FileFault.objects.filter(source="", name__in=[it.name for it in strays]).delete()
    due_at = timezone.now() + timedelta(seconds=settings.FILE_REMOVAL_GRACE)
    facts = {"reason": FileRemoval.Reason.ORPHANED, "due_at": due_at, **(mark() if strays else {})}
    FileRemoval.objects.bulk_create(
        FileRemoval(storage=it.storage, name=it.name, size=it.size, **facts) for it in strays
    )
