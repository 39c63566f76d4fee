"""Listing a storage: which files are in it, and which of them are the site's."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

MARKER = ".intranet-store"  # says whose files a store holds, see marker.py
NOT_OURS = {".gitkeep", "lost+found", MARKER}


class Facts(NamedTuple):
    """What a bucket says of a file, under the names that a disk has for it."""

    st_size: int
    st_mtime: float


Look = Callable[[], Facts | os.stat_result]


def stored_files(storage: Storage) -> dict[str, Look]:
    """Return {name: function that returns its size and time} for the site's files in a storage.

    Left out are folders with a marker of their own, which are other storages or other sites', and
    what the file system or the site keeps for itself.
    """
    files = dict(list_files(storage))
    marked = tuple(name.removesuffix(MARKER) for name in files if name.endswith(f"/{MARKER}"))
    return {
        name: facts
        for name, facts in files.items()
        if not name.startswith(marked) and NOT_OURS.isdisjoint(name.split("/"))
    }


def list_files(storage: Storage) -> Iterator[tuple[str, Look]]:
    """Yield (name, function that returns st_size and st_mtime) for every file."""
    if isinstance(storage, FileSystemStorage):
        return _scan(str(storage.location), "")
    return _list_bucket(storage)


def _scan(folder: str, prefix: str) -> Iterator[tuple[str, Look]]:
    """List a folder; what a link to another one shows may be listed elsewhere, by other names."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield prefix + entry.name, entry.stat
            elif not entry.is_symlink() and entry.name not in NOT_OURS:  # it may not be readable
                yield from _scan(entry.path, f"{prefix}{entry.name}/")


def _list_bucket(storage: Any) -> Iterator[tuple[str, Look]]:
    prefix = f"{storage.location.strip('/')}/" if storage.location else ""
    for item in storage.bucket.objects.filter(Prefix=prefix):
        if not item.key.endswith("/"):
            look = partial(Facts, item.size, item.last_modified.timestamp())
            yield item.key.removeprefix(prefix), look


def real_place(storage: Storage, name: str) -> str:
    """Return what two names of one file have in common."""
    is_on_disk = isinstance(storage, FileSystemStorage)
    return os.path.realpath(storage.path(name)) if is_on_disk else name
