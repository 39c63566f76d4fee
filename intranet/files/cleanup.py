"""File cleanup: a file goes once the change that orphaned it is committed and nothing names it.

1. Receivers find out, from the rows and not from instances that may be stale, which files a
   deletion or a save takes out of the database, for every installed model with a file field.
2. They write a FileRemoval for each, in the same transaction: a rollback takes it back.
3. After commit, or FILE_REMOVAL_GRACE later, the removals are carried out (removal.py): at once,
   for about a second, the rest and every retry by the worker. A file that any row names stays.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from django.apps import apps
from django.conf import settings
from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, FileField, Model, PositiveBigIntegerField, QuerySet, Value
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from ..trace.action import mark
from ..trace.bulk import insert
from ..trace.origin import Origin, chosen_keys, recall, remember, remembered, ways_from
from .fields import default_name, file_fields, is_stored, source_of, storage_label, upload_of
from .models import FileRemoval
from .removal import carry_out_removals

logger = logging.getLogger(__name__)

AT_ONCE = 1000  # files at most that are deleted before the one who caused it gets an answer
MAX_WHOSE = FileRemoval._meta.get_field("whose").max_length or 0
NO_SIZE = Value(None, PositiveBigIntegerField())
UNTIL_WRITTEN = timedelta(minutes=1)  # by which a save that has no transaction is done
Reason = FileRemoval.Reason
Row = TypeVar("Row", bound=Model)


class StoredFile(NamedTuple):
    """A file as a row names it, or does not."""

    field: FileField
    name: str | None
    whose: str = ""
    size: int | None = None  # in bytes, where the row knows it


Files = list[StoredFile]
FilesOfRow = tuple[object, Files]  # by primary key


def models_with_files() -> list[type[Model]]:
    """Return every model whose rows may name files, proxies and children included."""
    return list(filter(file_fields, apps.get_models(include_auto_created=True)))


def read_files_of_rows(
    sender: type[Model], instance: Model, using: str, origin: Origin, **kwargs: object
) -> None:
    """Reads which files a deletion takes out of its rows, before the first of them is gone."""
    model = sender._meta.concrete_model or sender
    fields = file_fields(model, local=True)  # a parent's row may stay, or sends its own signal
    files = remembered(origin, "files").get(model)
    if files is None:
        files = dict(_files_of_chosen_rows(model, fields, origin, using))
        remember(origin, "files", model, files, using)
    if instance.pk not in files:
        files.update(_files_of_rows(model, fields, using, pk=instance.pk))


def remove_files_of_deleted_rows(
    sender: type[Model], using: str, origin: Origin, **kwargs: object
) -> None:
    """Has the files of all rows of a deletion removed after the deletion is committed."""
    for rows in recall(origin, "files"):
        files = [file for files in rows.values() for file in files]
        ask_for_removal(files, Reason.DELETED, using)


def _files_of_chosen_rows(
    model: type[Model], fields: list[FileField], origin: Origin, using: str
) -> Iterator[FilesOfRow]:
    """Yield what is in the rows that were chosen, or that belong to a chosen one by foreign key."""
    for way in ways_from(origin, model):
        rows = {f"{way}__in": chosen_keys(origin, using)}
        yield from _files_of_rows(model, fields, using, **rows)


def _files_of_rows(
    model: type[Model], fields: list[FileField], using: str, **rows: object
) -> Iterator[FilesOfRow]:
    """Yield primary key and files of rows, which stay as they are in the transaction."""
    queryset: QuerySet[Model] = QuerySet(model, using=using).filter(**rows).order_by("pk")
    uploads = list(map(upload_of, fields))
    sizes = [F(*it.described_by[:1]) if it.described_by else NO_SIZE for it in uploads]
    columns = [it.name for it in fields], [it.whose for it in uploads], sizes
    for pk, *found in _locked(queryset).values_list("pk", *chain(*columns)):
        each = (found[start :: len(fields)] for start in range(len(fields)))
        yield pk, [StoredFile(field, *it) for field, it in zip(fields, each, strict=True)]


def _locked(queryset: QuerySet[Row]) -> QuerySet[Row]:
    """The same rows, locked if there is a transaction to hold the lock."""
    in_transaction = connections[queryset.db].in_atomic_block
    return queryset.select_for_update() if in_transaction else queryset


def remove_replaced_files(
    sender: type[Model],
    instance: Model,
    raw: bool,
    using: str,
    update_fields: Collection[str] | None,
    **kwargs: object,
) -> None:
    """Has the files that a save takes out of a row removed after the save is committed."""
    if raw:
        return
    gone = []
    for stored in keep_removed_files_out(instance, using, update_fields):
        file = getattr(instance, stored.field.attname)
        if stored.name and (file.name != stored.name or not is_stored(file)):
            gone.append(stored)
    if gone:
        ask_for_removal(gone, Reason.REPLACED, using)


def keep_removed_files_out(
    instance: Model, using: str, update_fields: Collection[str] | None = None
) -> Files:
    """Put the stored names in place of those whose files were removed, and return the stored ones.

    An old copy of a row may bring such a name. Every receiver that wants to know which file is
    saved calls this before it looks, so it does not matter which of them runs first.
    """
    fields = file_fields(type(instance))
    if update_fields is not None:
        fields = [field for field in fields if field.name in update_fields]
    if not fields:
        return []
    no_row: FilesOfRow = None, [StoredFile(field, "") for field in fields]
    is_new = instance.pk is None
    rows = () if is_new else _files_of_rows(type(instance), fields, using, pk=instance.pk)
    _, stored = next(iter(rows), no_row)
    for field, name, *_about in stored:
        file = getattr(instance, field.attname)
        if file.name != name and is_stored(file) and _was_removed(file, using):
            logger.warning("%s stays out of %s: it was removed", file.name, source_of(field))
            setattr(instance, field.attname, name or "")
    return stored


def _was_removed(file: FieldFile, using: str) -> bool:
    """Whether the file was removed, or is being removed.

    A removal that still waits is locked, so that nobody carries it out until the row is written.
    """
    removals = FileRemoval.objects.using(using).filter(storage=storage_label(file.field))
    states = {removal.status for removal in _locked(removals.filter(name=file.name))}
    return "removing" in states or (
        "removed" in states and not file.storage.exists(file.name or "")
    )


def delete_after_commit(file: FieldFile, save: bool = True) -> None:
    """Stand in for FieldFile.delete, of which no signal tells, and which would not wait."""
    if not file:
        return
    instance = file.instance
    using = router.db_for_write(type(instance), instance=instance)
    with transaction.atomic(using=using):
        if is_stored(file):
            rows = _files_of_rows(type(instance), [file.field], using, pk=instance.pk)
            known = next((it for _pk, [it] in rows), StoredFile(file.field, file.name))
            ask_for_removal([known._replace(name=file.name)], Reason.REPLACED, using)
        file.close()
        with suppress(AttributeError):  # it was not open
            del file.file
        file.name = None
        setattr(instance, file.field.attname, None)
        if save:
            instance.save()


delete_after_commit.alters_data = True  # type: ignore[attr-defined]


def ask_for_removal(files: Files, reason: str, using: str) -> None:
    """Write a removal for each file, and have it carried out after commit."""
    now, in_transaction = timezone.now(), connections[using].in_atomic_block
    due_at = now + timedelta(seconds=settings.FILE_REMOVAL_GRACE)
    times = {"created_at": now, "due_at": due_at if in_transaction else due_at + UNTIL_WRITTEN}
    removals = []
    for field in {it.field for it in files}:
        known = {it.name: it for it in files if it.field is field and it.name}
        known.pop(default_name(field), None)
        facts: dict[str, Any] = {"storage": storage_label(field), "source": source_of(field)}
        facts |= {"reason": reason, **times} | (mark(using) if known else {})
        whole = vars(FileRemoval(**facts))
        for name, it in sorted(known.items()):
            about = {"name": name, "whose": it.whose[:MAX_WHOSE], "size": it.size}
            removals.append(SimpleNamespace(**whole | about))  # there may be thousands
    insert(FileRemoval, removals, using)
    if removals and in_transaction:
        _carry_out_after_commit(using)


# By connection. Django alone holds the callbacks until the commit, and drops them after a rollback.
_waiting: WeakValueDictionary[BaseDatabaseWrapper, Callable[[], None]] = WeakValueDictionary()


def _carry_out_after_commit(using: str) -> None:
    """Have what is due carried out after commit, once, however much a transaction asks for."""

    def carry_out() -> None:
        _waiting.pop(connection, None)
        carry_out_at_once(using)

    connection = connections[using]
    if connection not in _waiting:
        _waiting[connection] = carry_out
        transaction.on_commit(carry_out, using=using, robust=True)


def carry_out_at_once(using: str) -> None:
    if not settings.FILE_REMOVAL_GRACE:
        carry_out_removals(using, limit=AT_ONCE)
