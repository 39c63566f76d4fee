"""File fields and their storages: which there are, which are the same, who names a file."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connections, router
from django.db.models import FileField, Model, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.files import FieldFile
from django.utils.functional import Promise

from intranet.wording import words_of

from .models import FileRemoval

PLAIN = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")  # names that spoil no request for others


class Upload(NamedTuple):
    """What the owner of a file field says of its files."""

    names: str  # a regular expression for the whole names that uploads get
    described_by: tuple[str, ...] = ()  # the fields that know its size and SHA-256
    sent_as: tuple[str, ...] = ()  # the fields that know the uploader's name for it and its type
    whose: Combinable = Value("")  # says in words whose file it is, without a join
    called: Promise | str = ""  # what people call one of them


UPLOADS: dict[str, Upload] = {}  # by "app.Model.field"


def file_fields(model: type[Model], *, local: bool = False) -> list[FileField]:
    """Return the file fields of a model; with `local` those of its own table alone."""
    opts = (model._meta.concrete_model or model)._meta
    fields = opts.local_concrete_fields if local else opts.concrete_fields
    return [field for field in fields if isinstance(field, FileField)]


def all_file_fields() -> Iterator[FileField]:
    """Every file column there is, once: of abstract parents as inherited, of no proxy."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:
            yield from file_fields(model, local=True)


def source_of(field: FileField) -> str:
    """Return "app.Model.field"."""
    return f"{field.model._meta.label}.{field.name}"


def databases(model: type[Model]) -> list[str]:
    """Return the databases that have a table for the model."""
    return [alias for alias in connections if router.allow_migrate_model(alias, model)]


def default_name(field: FileField) -> str:
    """Return the name of the field's default file, or ""."""
    return str(field.get_default() or "") if field.has_default() else ""


def is_stored(file: FieldFile) -> bool:
    """Return whether this names a stored file and is no upload; Django tells in private only."""
    return bool(file) and bool(file._committed)  # type: ignore[attr-defined]


def upload_of(field: FileField) -> Upload:
    """Return what is known of the files of a field."""
    if callable(field.upload_to) or source_of(field) in UPLOADS:
        return UPLOADS.get(source_of(field), Upload("(?!)"))  # which no name matches
    folder = re.escape(str(field.upload_to).strip("/"))
    return Upload(f"{folder}/[^/]+" if folder else "[^/]+")


# --- Storages --------------------------------------------------------------------------------


def place(storage: Storage) -> tuple[str, ...]:
    """Return what makes two storages one: the same folder, bucket or construction."""
    if isinstance(storage, FileSystemStorage):
        return (os.path.realpath(storage.location),)
    if hasattr(storage, "bucket_name") and hasattr(storage, "location"):
        return storage.bucket_name, storage.location.strip("/")
    return (repr(storage.deconstruct()),)  # type: ignore[attr-defined]  # by a decorator


def storage_label(field: FileField) -> str:
    """Return the alias of the field's storage in STORAGES, else the field's source."""
    where = place(field.storage)
    aliases = (alias for alias in settings.STORAGES if alias != "staticfiles")
    return next((alias for alias in aliases if place(storages[alias]) == where), source_of(field))


def stores() -> dict[str, Storage]:
    """Return the storages that file fields use, by their labels, each once."""
    fields = {place(field.storage): field for field in all_file_fields()}
    return {storage_label(field): field.storage for field in fields.values()}


def find_storage(label: str) -> Storage:
    """Return the storage that `storage_label` stands for. Raises LookupError if it is gone."""
    if label in settings.STORAGES:
        return storages[label]
    for field in all_file_fields():
        if source_of(field) == label:
            return field.storage
    raise LookupError(f"There is no storage {label!r} any more.")


# --- Names -----------------------------------------------------------------------------------


def rows_of(label: str) -> Iterator[tuple[FileField, QuerySet[Model]]]:
    """Yield each field whose files are in a storage, with the rows that name one, by database."""
    try:
        where = place(find_storage(label))
    except LookupError:
        return
    for field in all_file_fields():
        if place(field.storage) == where:
            for alias in databases(field.model):
                rows: QuerySet[Model] = QuerySet(field.model, using=alias).order_by()
                yield field, rows.filter(**{f"{field.name}__gt": ""})


def named(label: str, names: list[str] | None = None) -> set[str]:
    """Return what rows, in any database, or defaults name on a storage; with `names`, of these."""
    found = set()
    for field, rows in rows_of(label):
        found.add(default_name(field))
        some = rows if names is None else rows.filter(**{f"{field.name}__in": names})
        found.update(some.values_list(field.name, flat=True))
    return found if names is None else found.intersection(names)


def waiting(label: str) -> set[str]:
    """Return the names of the files that are to be removed anyway."""
    names: set[str] = set()
    for alias in databases(FileRemoval):
        removals = FileRemoval.objects.using(alias).pending().filter(storage=label)
        names.update(removals.values_list("name", flat=True))
    return names


def delete_files(label: str, names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Delete files and yield {name: error} step by step, "" for one that is gone.

    A bucket deletes up to 1,000 in its first step.
    """
    storage, left = find_storage(label), list(names)
    if hasattr(storage, "bucket"):
        from .bucket import delete_many  # needs packages that a folder does not

        yield delete_many(storage, list(filter(PLAIN.fullmatch, left)))
        left = [name for name in left if not PLAIN.fullmatch(name)]
    for name in left:
        try:
            with suppress(FileNotFoundError):
                storage.delete(name)
            error = ""
        except Exception as reason:  # storages raise what they like
            error = words_of(reason)
        yield {name: error}
