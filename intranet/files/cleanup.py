"""File cleanup: a file goes once the change that orphaned it is committed and nothing names it.

Read from top to bottom:

1. Receivers find out, from the rows and not from instances that may be stale, which files a
   deletion or a save takes out of the database, for every installed model with a file field.
2. They write a FileRemoval for each, in the same transaction: a rollback takes it back.
3. After commit, or FILE_REMOVAL_GRACE later, the removals are carried out (removal.py): at once,
   for about a second, the rest and every retry by the worker. A file that any row names stays.
"""

import logging
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db import router, transaction
from django.db.models import QuerySet, Value
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils import timezone

from intranet.trace.wiring import connect, disconnect

from .fields import chunks, default_name, file_fields, source_of, storage_label
from .models import FileRemoval
from .removal import carry_out_removals

logger = logging.getLogger(__name__)

AT_ONCE = 1000  # files at most that are deleted before the one who caused it gets an answer
Reason = FileRemoval.Reason


# --- 1. Which files a change orphans ---------------------------------------------------------


def remove_files_of_deleted_rows(sender, instance, using, **kwargs):
    """Has the files of a deleted row removed after the deletion is committed."""
    Changes.of_transaction(using).collect(sender._meta.concrete_model, instance.pk)


def remove_replaced_files(sender, instance, raw, using, update_fields, **kwargs):
    """Has the files that a save takes out of a row removed after the save is committed."""
    if raw:
        return
    fields = file_fields(sender)
    if update_fields is not None:
        fields = [field for field in fields if field.name in update_fields]
    if fields:
        _compare_with_row(sender, instance, fields, using)


def carry_out_removals_of_save(sender, raw, using, **kwargs):
    """Carries out what a save outside a transaction has asked for, unless files wait."""
    if not raw and not transaction.get_connection(using).in_atomic_block:
        carry_out_at_once(using)


def _compare_with_row(sender, instance, fields, using):
    rows = _rows(sender, [instance.pk], using).values_list(*(field.name for field in fields))
    row = rows.first() if instance.pk is not None else None
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


def _rows(model, pks, using) -> QuerySet:
    """The rows, which stay as they are until the transaction ends."""
    rows = QuerySet(model, using=using).filter(pk__in=pks).order_by("pk")
    if transaction.get_connection(using).in_atomic_block:
        rows = rows.select_for_update()
    return rows


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
    if not (file and file._committed):
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
        carry_out_at_once(self.using)

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
        if self.carry_out in (callback for _, callback, _ in connection.run_on_commit):
            self.write(rows)  # else the transaction was rolled back meanwhile
        return execute(sql, params, many, context)

    def write(self, rows: dict) -> None:
        for model, pks in rows.items():
            for field in file_fields(model, local=True):
                for chunk in chunks(list(pks)):
                    _ask_for_files_of(model, chunk, field, self.using)


def ask_for_removal(files: list, reason: str, using: str) -> None:
    """Write a removal for each (field, name), and have it carried out after commit."""
    removals = [
        FileRemoval(name=name, **_removal(field, reason))
        for field, name in files
        if name and name != default_name(field)
    ]
    FileRemoval.objects.using(using).bulk_create(removals)
    if removals and transaction.get_connection(using).in_atomic_block:
        Changes.of_transaction(using)


def _ask_for_files_of(model, pks: list, field, using: str) -> None:
    """Write a removal for the file of each row, copying the names within the database."""
    values = _removal(field, Reason.DELETED) | {"attempts": 0, "error": ""}
    columns = {name: FileRemoval._meta.get_field(name) for name in ("name", *values)}
    constants = [Value(value, columns[name]) for name, value in values.items()]
    rows = _rows(model, pks, using).filter(**{f"{field.name}__gt": ""})
    rows = rows.exclude(**{field.name: default_name(field)}).values_list(field.name, *constants)
    select, params = rows.query.get_compiler(using).as_sql()
    connection = transaction.get_connection(using)
    names = [FileRemoval._meta.db_table, *(field.column for field in columns.values())]
    table, *names = map(connection.ops.quote_name, names)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {select}", params)


def _removal(field, reason: str) -> dict:
    now = timezone.now()
    return {
        "storage": storage_label(field),
        "source": source_of(field),
        "reason": reason,
        "created_at": now,
        "due_at": now + timedelta(seconds=settings.FILE_REMOVAL_GRACE),
    }


def carry_out_at_once(using: str) -> None:
    if not settings.FILE_REMOVAL_GRACE:
        carry_out_removals(using, limit=AT_ONCE)


# --- Connecting ------------------------------------------------------------------------------


def connect_file_cleanup() -> None:
    """Connect the receivers for every model with a file field, proxies and children included."""
    for signal, receiver, model in _connections():
        connect(signal, receiver, model)
    FieldFile.delete = _delete_after_commit


def disconnect_file_cleanup() -> None:
    for signal, receiver, model in _connections():
        disconnect(signal, receiver, model)
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
            yield signal, receiver, model
