"""Many papers in one ZIP file, made while it is sent: one file is open at a time."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from zipstream import ZipStream

from intranet import progress

from .models import Document

MISSING = gettext_lazy("missing files.txt")
RESERVED = re.compile(r'[<>:"/\\|?*]')  # in names, on one system or another


def stream_zip(papers: Iterable[Document]) -> Iterator[bytes]:
    """Yield the bytes of a ZIP with a folder for each owner; a text lists what is missing."""
    archive = ZipStream()
    taken: set[str] = set()
    missing = []
    for paper in papers:
        progress.advance()
        name = free_name(paper, taken)
        try:
            content = paper.file.storage.open(paper.file.name)
        except FileNotFoundError:
            missing.append(name)
            continue
        with content:
            archive.add(content.chunks(), name)
            yield from archive.all_files()
    if missing:
        lines = [_("These files are missing from the store:"), *missing]
        archive.add("\r\n".join(lines), str(MISSING))
    yield from archive.finalize()


def free_name(paper: Document, taken: set[str]) -> str:
    """Return "owner/file name", with a number where that is taken, whatever its case.

    Former versions have a folder of their own there.
    """
    path = PurePath(RESERVED.sub("_", paper.original_name or str(paper)))
    folder = RESERVED.sub("_", paper.owner.name).strip(" .") or f"{_('person')} {paper.owner_id}"
    if paper.replaced_by_id:
        folder += f"/{_('Former versions')}"
    name, number = f"{folder}/{path}", 1
    while name.casefold() in taken:
        number += 1
        name = f"{folder}/{path.stem} ({number}){path.suffix}"
    taken.add(name.casefold())
    return name
