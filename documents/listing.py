"""Listing a storage: which files are in it, and which of them are the site's."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

from .storage import folders_of_others

MARKER = ".intranet-store"  # says whose files a store holds, see marker.py
NOT_OURS = {".gitkeep", "lost+found", MARKER}


class Facts(NamedTuple):
    """What is asked of a file, named as os.stat() names it."""

    st_size: int
    st_mtime: float  # seconds since 1970


def stored_files(storage: Storage) -> dict[str, Callable]:
    """Return {name: function that returns its Facts} for the site's files in a storage.

    Left out are folders that are storages of their own, those that hold another site's marker, and
    what the file system or the site keeps for itself.
    """
    files = dict(list_files(storage))
    marked = {name.removesuffix(MARKER) for name in files if name.endswith(f"/{MARKER}")}
    others = (*folders_of_others(storage), *marked)
    return {
        name: facts
        for name, facts in files.items()
        if not name.startswith(others) and NOT_OURS.isdisjoint(name.split("/"))
    }


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
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    yield prefix + entry.name, entry.stat
                elif entry.name in NOT_OURS:
                    continue  # it may not be readable
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
        yield prefix + name, partial(_ask, storage, prefix + name)
    for name in folders:
        yield from _walk(storage, prefix + name)


def _ask(storage: Storage, name: str) -> Facts:
    return Facts(storage.size(name), storage.get_modified_time(name).timestamp())
