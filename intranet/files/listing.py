"""Listing a storage: which files are in it, and which of them are the site's."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

from .fields import folders_of_others

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
    tops = [os.path.realpath(location)]  # and where links lead to
    folders = [(location, "")]
    while folders:
        folder, prefix = folders.pop()
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    yield prefix + entry.name, entry.stat
                elif entry.name in NOT_OURS:
                    continue  # it may not be readable
                elif not (entry.is_symlink() and _shows_again(entry.path, tops)):
                    folders.append((entry.path, f"{prefix}{entry.name}/"))


def _shows_again(link: str, tops: list[str]) -> bool:
    """Whether a link shows files that are listed under another name; else add it to `tops`."""
    there = os.path.realpath(link)
    if any(os.path.commonpath([top, there]) in (top, there) for top in tops):
        return True
    tops.append(there)
    return False


def real_place(storage: Storage, name: str) -> str:
    """Return what two names of one file have in common."""
    is_on_disk = isinstance(storage, FileSystemStorage)
    return os.path.realpath(storage.path(name)) if is_on_disk else name


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
