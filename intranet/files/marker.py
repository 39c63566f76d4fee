"""The marker: a small file in each store that says whose files it holds.

Whoever deletes files asks `check` first, so that an empty or a copied database, another site's, or
a wrong MEDIA_ROOT deletes none.
"""

from contextlib import suppress
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db.models import Model

from ..trace.phrases import Phrase, nphrase, phrase
from .fields import (
    file_fields,
    find_storage,
    is_stored,
    named,
    place,
    rows_of,
    storage_label,
    stores,
    waiting,
)
from .listing import MARKER, list_files, stored_files
from .models import Identity

ADVICE = phrase(
    "No file was touched. Look at DATABASE_URL, MEDIA_ROOT and SITE_URL first; if they are right, "
    "the command sweep_files --adopt ties the store to this database."
)


class NotTied(Exception):
    """A store is not known to be this database's; the text says why, and what to do."""

    def __init__(self, objection: Phrase):
        super().__init__(
            Phrase("%(objection)s %(advice)s", {"objection": objection, "advice": ADVICE})
        )


def check(label: str) -> None:
    """Return if a store is this database's; one that is used for the first time is tied to it.

    Raises NotTied, and whatever a storage that does not answer raises.
    """
    storage = find_storage(label)
    marker = read(storage)
    if marker == signature():
        return
    if objection := _objection(label, marker):
        raise NotTied(objection)
    tie(storage)


def objection(label: str) -> Phrase | None:
    """Return why a store is not known to be this database's, None if it is. Changes nothing."""
    marker, identity = read(find_storage(label)), Identity.objects.filter(pk=1).first()
    is_ours = identity is not None and marker == _signature(identity)
    return None if is_ours else _objection(label, marker)


def _objection(label: str, marker: str) -> Phrase | None:
    store = whereabouts(label)
    if marker:
        return phrase(
            "The store %(store)s is tied to another database or site (%(theirs)s).",
            store=store,
            theirs=marker.partition(" ")[2] or "?",
        )
    if unknown := unknown_files(label):
        return nphrase(
            "The store %(store)s has no marker, and holds %(count)s file that no row names.",
            "The store %(store)s has no marker, and holds %(count)s files that no row names.",
            len(unknown),
            store=store,
        )
    if not stored_files(find_storage(label)) and any(it.exists() for _field, it in rows_of(label)):
        return phrase(
            "The store %(store)s is empty and has no marker, but the database names files in it.",
            store=store,
        )
    return None


def unknown_files(label: str) -> set[str]:
    """Return the names of the files that no row names and that are not to be removed anyway."""
    return stored_files(find_storage(label)) - named(label) - waiting(label)


def tie_before_upload(instance: Model) -> None:
    """Tie the stores, if they are empty, that the new files of an unsaved row will go to."""
    for field in file_fields(type(instance)):
        file = field.attname in instance.__dict__ and getattr(instance, field.attname)
        if file and not is_stored(file):
            with suppress(Exception):  # the upload itself, or a removal, tells what is wrong
                if not (field.storage.exists(MARKER) or any(list_files(field.storage))):
                    check(storage_label(field))


def is_tied(storage: Storage) -> bool:
    return read(storage) == signature()


def tie(storage: Storage) -> None:
    """Write this database's marker into a store, in place of any other."""
    if storage.exists(MARKER):  # a storage would give the new one another name
        storage.delete(MARKER)
    if (name := storage.save(MARKER, ContentFile(signature().encode()))) != MARKER:
        storage.delete(name)  # another process was faster


def retie() -> None:
    """Give a database, such as a restored copy, and its stores an identity of their own."""
    Identity.objects.update_or_create(pk=1, defaults={"value": uuid4()})
    for storage in stores().values():
        tie(storage)


def signature() -> str:
    """Return what a marker says: the database, and the host, which a copy of it does not share."""
    return _signature(Identity.objects.get_or_create(pk=1)[0])


def _signature(identity: Identity) -> str:
    return f"{identity} {urlsplit(settings.SITE_URL).hostname}"


def read(storage: Storage) -> str:
    """Return what the marker of a store says, or ""."""
    try:
        with storage.open(MARKER) as file:
            text: bytes = file.read(1000)
    except FileNotFoundError:
        return ""
    return text.decode(errors="replace").strip()


def whereabouts(label: str) -> str:
    """Return "default (/srv/intranet/media)"."""
    return f"{label} ({'/'.join(filter(None, place(find_storage(label))))})"
