"""File cleanup: a file goes once the change that orphaned it is committed and nothing names it.

Read from top to bottom:

1. Receivers find out, from the rows and not from instances that may be stale, which files a
   deletion or a save takes out of the database, for every installed model with a file field.
2. They write a FileRemoval for each, in the same transaction: a rollback takes it back.
3. After commit the removals are carried out: at once, as far as a second goes, the rest and every
   retry by the worker. A file that any row names by then stays.
"""

import logging
import time
from collections import defaultdict
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db import router, transaction
from django.db.models import F, QuerySet
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils import timezone

from .models import FileRemoval
from .signals import file_removed
from .storage import (
    chunks,
    default_name,
    delete_files,
    file_fields,
    is_without_row,
    named,
    source_of,
    storage_label,
)

logger = logging.getLogger(__name__)

BATCH = 500
KICK_SECONDS = 1.0
MAX_WAIT = 6 * 60 * 60  # seconds between two attempts
LEASE = timedelta(minutes=15)  # after which the files of a killed process are taken up again
Reason = FileRemoval.Reason


# --- 1. Which files a change orphans ---------------------------------------------------------


def remove_files_of_deleted_rows(sender, instance, using, **kwargs):
    """Has the files of a deleted row removed once the deletion is committed."""
    Changes.of_transaction(using).collect(sender._meta.concrete_model, instance.pk)


def remove_replaced_files(sender, instance, raw, using, update_fields, **kwargs):
    """Has the files that a save takes out of a row removed once the save is committed."""
    if raw:
        return
    fields = file_fields(sender)
    if update_fields is not None:
        fields = [field for field in fields if field.name in update_fields]
    if fields:
        _compare_with_row(sender, instance, fields, using)


def carry_out_removals_of_save(sender, raw, using, **kwargs):
    """Carries out at once what a save outside a transaction has asked for."""
    if not raw and not transaction.get_connection(using).in_atomic_block:
        _kick(using)


def _compare_with_row(sender, instance, fields, using):
    row = _rows(sender, [instance.pk], fields, using).first() if instance.pk else None
    gone = []
    for field, old in zip(fields, row or [""] * len(fields), strict=True):
        file = getattr(instance, field.attname)
        if file and file._committed:
            if file.name != old and _was_removed(field, file.name, using):
                logger.warning("%s stays out of %s: it was removed", file.name, source_of(field))
                setattr(instance, field.attname, old or "")
                continue
            if file.name == old:
                continue
        gone.append((field, old))
    ask_for_removal(gone, Reason.REPLACED, using)


def _rows(model, pks, fields, using) -> QuerySet:
    """The file names in the rows, which stay as they are until the transaction ends."""
    rows = QuerySet(model, using=using).filter(pk__in=pks).order_by("pk")
    if transaction.get_connection(using).in_atomic_block:
        rows = rows.select_for_update()
    return rows.values_list(*(field.name for field in fields))


def _was_removed(field, name: str, using: str) -> bool:
    """Whether a stale copy names a file that was removed meanwhile, or is being removed.

    A removal that still waits is locked, so that nobody carries it out until the row is written.
    """
    removals = FileRemoval.objects.using(using).filter(storage=storage_label(field), name=name)
    if transaction.get_connection(using).in_atomic_block:
        removals = removals.select_for_update()
    states = {removal.status for removal in removals}
    if "removing" in states:
        return True
    return "removed" in states and not field.storage.exists(name)


def _delete_after_commit(file: FieldFile, save: bool = True) -> None:
    """Stand in for FieldFile.delete, which would not wait for the commit."""
    if is_without_row(file) or not (file and file._committed):
        _delete_at_once(file, save)
        return
    instance, name = file.instance, file.name
    using = instance._state.db or router.db_for_write(type(instance), instance=instance)
    with transaction.atomic(using=using):
        if hasattr(file, "_file"):
            file.close()
            del file.file
        file.name = None
        setattr(instance, file.field.attname, None)
        file._committed = False
        ask_for_removal([(file.field, name)], Reason.REPLACED, using)
        if save:
            instance.save()


_delete_at_once = FieldFile.delete
_delete_after_commit.alters_data = True


# --- 2. Removals, written in the transaction of the change -----------------------------------


class Changes:
    """What the open transaction of one connection has changed.

    It lives among the callbacks that wait for the commit, so a rollback drops it, too. Deleted
    rows are collected until the next statement, which is the first that can touch them: a bulk
    deletion reads all names in one SELECT and writes all removals in one INSERT.
    """

    def __init__(self, using: str):
        self.using = using
        self.rows = {}
        self.done = False

    @classmethod
    def of_transaction(cls, using: str) -> "Changes":
        for _, callback, _ in transaction.get_connection(using).run_on_commit:
            changes = getattr(callback, "__self__", None)
            if isinstance(changes, cls) and not changes.done:
                return changes
        changes = cls(using)
        transaction.on_commit(changes.carry_out, using=using, robust=True)
        return changes

    def carry_out(self) -> None:
        self.done = True
        _kick(self.using)

    def collect(self, model, pk) -> None:
        if not self.rows:
            # First in the list: whoever adds a wrapper later takes the last one off again.
            wrappers = transaction.get_connection(self.using).execute_wrappers
            wrappers.insert(0, self.before_next_statement)
        self.rows.setdefault(model, {})[pk] = None

    def before_next_statement(self, execute, sql, params, many, context):
        connection = context["connection"]
        connection.execute_wrappers.remove(self.before_next_statement)
        rows, self.rows = self.rows, {}
        rolls_back = isinstance(sql, str) and sql.startswith("ROLLBACK")
        waiting = (callback for _, callback, _ in connection.run_on_commit)
        if not rolls_back and self.carry_out in waiting:
            self.write(rows)
        return execute(sql, params, many, context)

    def write(self, rows: dict) -> None:
        gone = []
        for model, pks in rows.items():
            fields = file_fields(model, local=True)
            for chunk in chunks(list(pks)):
                for names in _rows(model, chunk, fields, self.using):
                    gone += zip(fields, names, strict=True)
        ask_for_removal(gone, Reason.DELETED, self.using)


def ask_for_removal(files: list, reason: str, using: str) -> int:
    """Write a removal for each (field, name), and have it carried out after commit."""
    labels = {field: (storage_label(field), source_of(field)) for field, _ in files}
    defaults = {field: default_name(field) for field in labels}
    now = timezone.now()
    due_at = now + timedelta(seconds=settings.FILE_REMOVAL_GRACE)
    removals = [
        FileRemoval(
            storage=labels[field][0],
            name=name,
            source=labels[field][1],
            reason=reason,
            created_at=now,
            due_at=due_at,
        )
        for field, name in files
        if name and name != defaults[field]
    ]
    FileRemoval.objects.using(using).bulk_create(removals)
    if removals and transaction.get_connection(using).in_atomic_block:
        Changes.of_transaction(using)
    return len(removals)


# --- 3. After commit -------------------------------------------------------------------------


def carry_out_removals(using: str, seconds: float = KICK_SECONDS) -> int:
    """Remove the files that are due for about `seconds`; return how many removals were closed."""
    deadline = time.monotonic() + seconds
    closed = 0
    while time.monotonic() < deadline and FileRemoval.objects.using(using).due().exists():
        kept, batches = _claim(using)
        closed += kept + sum(_remove(*batch, using, deadline) for batch in batches)
    return closed


def _kick(using: str) -> None:
    if not settings.FILE_REMOVAL_GRACE:
        carry_out_removals(using)


def _claim(using: str) -> tuple[int, list]:
    """Close the removals of files that are still named, and lease the others to this process.

    Returns how many were closed, and (storage, removals) for each storage.
    """
    batches, kept, now = defaultdict(list), [], timezone.now()
    with transaction.atomic(using=using):
        due = FileRemoval.objects.using(using).due().order_by("due_at", "pk")
        if transaction.get_connection(using).features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        for removal in due[:BATCH]:
            batches[removal.storage].append(removal)
        for label, removals in batches.items():
            names = named(label, [removal.name for removal in removals])
            kept += [removal.pk for removal in removals if removal.name in names]
            batches[label] = [removal for removal in removals if removal.name not in names]
        _update(kept, using, kept_at=now, error="")
        leased = [removal.pk for removals in batches.values() for removal in removals]
        _update(leased, using, attempts=F("attempts") + 1, error="", due_at=now + LEASE)
    return len(kept), list(batches.items())


def _remove(label: str, removals: list[FileRemoval], using: str, deadline: float) -> int:
    """Delete the files until the deadline, and write down what became of each."""
    errors = {}
    for name, error in delete_files(label, {it.name: it.source for it in removals}):
        errors[name] = error
        if time.monotonic() > deadline:
            break
    removed = [removal for removal in removals if errors.get(removal.name) == ""]
    _update([removal.pk for removal in removed], using, removed_at=timezone.now())
    undone = [removal.pk for removal in removals if removal.name not in errors]
    _update(undone, using, attempts=F("attempts") - 1, due_at=timezone.now())
    for removal in removals:
        if error := errors.get(removal.name):
            logger.error("%s could not be removed: %s", removal.name, error)
            wait = min(30 * 2**removal.attempts, MAX_WAIT)
            due_at = timezone.now() + timedelta(seconds=wait)
            _update([removal.pk], using, error=error, due_at=due_at)
    for removal in removed:
        file_removed.send_robust(
            FileRemoval,
            storage=label,
            name=removal.name,
            source=removal.source,
            reason=removal.reason,
        )
    return len(removals) - len(undone)


def _update(pks: list[int], using: str, **values) -> None:
    if pks:
        FileRemoval.objects.using(using).filter(pk__in=pks).update(**values)


# --- Connecting ------------------------------------------------------------------------------


def connect_file_cleanup() -> None:
    """Connect the receivers for every model with a file field, proxies and children included."""
    for signal, receiver, model, uid in _connections():
        signal.connect(receiver, sender=model, dispatch_uid=uid)
    FieldFile.delete = _delete_after_commit


def disconnect_file_cleanup() -> None:
    for signal, _, model, uid in _connections():
        signal.disconnect(sender=model, dispatch_uid=uid)
    FieldFile.delete = _delete_at_once


def _connections():
    for model in apps.get_models(include_auto_created=True):
        # A child row is saved as a whole, but its parent's row is deleted by a signal of its own,
        # or stays (keep_parents).
        wanted = []
        if file_fields(model):
            wanted += [(pre_save, remove_replaced_files), (post_save, carry_out_removals_of_save)]
        if file_fields(model, local=True):
            wanted += [(pre_delete, remove_files_of_deleted_rows)]
        for signal, receiver in wanted:
            yield signal, receiver, model, f"documents.{receiver.__name__}.{model._meta.label}"
