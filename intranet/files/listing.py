"""Listing a storage: which files are in it, and which of them are the site's."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage

MARKER = ".intranet-store"  # says whose files a store holds, see marker.py
NOT_OURS = {".gitkeep", "lost+found", MARKER}


def stored_files(storage: Storage) -> set[str]:
    """Return the names of the site's files in a storage.

    Left out are folders with a marker of their own, which are other storages or other sites', and
    what the file system or the site keeps for itself.
    """
    names = set(list_files(storage))
    marked = tuple(name.removesuffix(MARKER) for name in names if name.endswith(f"/{MARKER}"))
    return {
        name
        for name in names
        if not name.startswith(marked) and NOT_OURS.isdisjoint(name.split("/"))
    }


def list_files(storage: Storage) -> Iterator[str]:
    """Yield the name of every file in a folder or a bucket."""
    if isinstance(storage, FileSystemStorage):
        return _scan(str(storage.location), "")
    return _list_bucket(storage)


def _scan(folder: str, prefix: str) -> Iterator[str]:
    """List a folder; what a link to another one shows may be listed elsewhere, by other names."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield prefix + entry.name
            elif not entry.is_symlink() and entry.name not in NOT_OURS:  # it may not be readable
                yield from _scan(entry.path, f"{prefix}{entry.name}/")


def _list_bucket(storage: Any) -> Iterator[str]:
    prefix = f"{storage.location.strip('/')}/" if storage.location else ""
    keys = (item.key for item in storage.bucket.objects.filter(Prefix=prefix))
    return (key.removeprefix(prefix) for key in keys if not key.endswith("/"))


def real_place(storage: Storage, name: str) -> str:
    """Return what two names of one file have in common."""
    is_on_disk = isinstance(storage, FileSystemStorage)
    return os.path.realpath(storage.path(name)) if is_on_disk else name
