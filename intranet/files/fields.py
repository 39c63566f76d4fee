"""File fields and their storages: which there are, which are the same, who names a file."""

import os
import re
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage, storages
from django.db import connections, router
from django.db.models import FileField, Model, QuerySet
from django.utils.functional import LazyObject, empty

from intranet.wording import words_of

from .models import FileRemoval

CHUNK = 900  # values in one IN (...), below the limit of every database


def file_fields(model: type[Model], *, local: bool = False) -> list[FileField]:
    """Return the file fields of a model; with `local` those of its own table alone."""
    opts = model._meta.concrete_model._meta
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


def field_named(source: str) -> FileField | None:
    """Return the file field of "app.Model.field"; None if there is no such field (any more)."""
    return next((field for field in all_file_fields() if source_of(field) == source), None)


def databases(model: type[Model]) -> list[str]:
    """Return the databases that have a table for the model."""
    return [alias for alias in connections if router.allow_migrate_model(alias, model)]


def unwrap(storage: Storage) -> Storage:
    """Return the storage that a lazy one, such as `default_storage`, stands for."""
    if isinstance(storage, LazyObject):
        if storage._wrapped is empty:
            storage._setup()
        return storage._wrapped
    return storage


def place(storage: Storage) -> tuple:
    """Return what makes two storages one: the same folder, bucket or construction."""
    storage = unwrap(storage)
    if hasattr(storage, "bucket_name"):
        return ("bucket", storage.bucket_name, getattr(storage, "location", "").strip("/"))
    if isinstance(location := getattr(storage, "location", None), str):
        return ("folder", os.path.realpath(location))
    return (type(storage), repr(getattr(storage, "_constructor_args", None)))


def folders_of_others(storage: Storage) -> tuple[str, ...]:
    """Return the folders within a storage, "name/", that are storages of their own."""
    *kind, location = place(storage)
    others = [*(storages[alias] for alias in settings.STORAGES)]
    others += [field.storage for field in all_file_fields()]
    start = f"{location}/" if location else ""
    inner = {
        f"{there.removeprefix(start)}/"
        for *same, there in map(place, others)
        if same == kind and there != location and there.startswith(start)
    }
    return tuple(inner)


def storage_label(field: FileField) -> str:
    """Return the alias of the field's storage in STORAGES, else the field's source."""
    where = place(field.storage)
    aliases = (alias for alias in settings.STORAGES if alias != "staticfiles")
    return next((alias for alias in aliases if place(storages[alias]) == where), source_of(field))


def stores() -> dict[str, Storage]:
    """Return the storages that file fields use, by their labels, each once."""
    fields = {place(field.storage): field for field in all_file_fields()}
    return {storage_label(field): unwrap(field.storage) for field in fields.values()}


def find_storage(label: str, hurried: bool = False) -> Storage:
    """Return the storage that `storage_label` stands for. Raises LookupError if it is gone.

    `hurried` gives a bucket that does not answer up after about a second.
    """
    if label in settings.STORAGES:
        storage = storages[label]
    elif field := field_named(label):
        storage = unwrap(field.storage)
    else:
        raise LookupError(f"There is no storage {label!r} any more.")
    return getattr(storage, "hurried", storage) if hurried else storage


def default_name(field: FileField) -> str:
    """Return the name of the field's default file, or ""."""
    return str(field.get_default() or "") if field.has_default() else ""


def made_by(fields: list[FileField]) -> re.Pattern:
    """Return what matches the whole names that uploads to these fields can get, and no others.

    A callable `upload_to` says so itself, as a regular expression in its attribute `pattern`.
    """
    return re.compile("|".join(map(_pattern, fields)))


def _pattern(field: FileField) -> str:
    if callable(field.upload_to):
        return getattr(field.upload_to, "pattern", "(?!)")  # nothing
    folder = re.sub("%.", "[^/]+", re.escape(str(field.upload_to).strip("/")))  # dates
    return f"{folder}/[^/]+" if folder else "[^/]+"


def chunks(values: list, size: int = CHUNK) -> Iterator[list]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def rows_of(label: str) -> Iterator[tuple[FileField, QuerySet]]:
    """Yield each field whose files are in a storage, with the rows that name one, by database."""
    try:
        where = place(find_storage(label))
    except LookupError:
        return
    for field in all_file_fields():
        if place(field.storage) == where:
            for alias in databases(field.model):
                rows = QuerySet(field.model, using=alias).order_by()
                yield field, rows.filter(**{f"{field.name}__gt": ""})


def named(label: str, names: list[str]) -> set[str]:
    """Return those of `names` that some row, in any database, or a default names on a storage."""
    found = set()
    for field, rows in rows_of(label):
        found.add(default_name(field))
        for chunk in chunks(names):
            rows_naming = rows.filter(**{f"{field.name}__in": chunk})
            found.update(rows_naming.values_list(field.name, flat=True))
    return found.intersection(names)


def waiting(label: str) -> set[str]:
    """Return the names of the files that are to be removed anyway."""
    names = set()
    for alias in databases(FileRemoval):
        removals = FileRemoval.objects.using(alias).pending().filter(storage=label)
        names.update(removals.values_list("name", flat=True))
    return names


class _Nobody:
    """The instance of a FieldFile whose row is gone."""


def is_without_row(file) -> bool:
    return isinstance(file.instance, _Nobody)


def delete_files(
    label: str, files: dict[str, str], hurried: bool = False
) -> Iterator[dict[str, str]]:
    """Delete the files ({name: source}) and yield {name: error} step by step; "" when it is gone.

    Goes through the field's own FieldFile, one each step, or, on S3, in one request for all.
    `hurried` gives a bucket that does not answer up after about a second.
    """
    try:
        storage = find_storage(label, hurried)
        if hasattr(getattr(storage, "bucket", None), "delete_objects"):
            yield from _delete_from_bucket(storage, list(files))
            return
    except Exception as error:
        yield dict.fromkeys(files, words_of(error))
        return
    fields = {source: field_named(source) for source in set(files.values())}
    for name, source in files.items():
        try:
            _delete_file(storage, fields[source], name)
        except FileNotFoundError:
            yield {name: ""}
        except Exception as error:
            yield {name: words_of(error)}
        else:
            yield {name: ""}


def _delete_file(storage: Storage, field: FileField | None, name: str) -> None:
    if field:
        field.attr_class(_Nobody(), field, name).delete(save=False)
    else:
        storage.delete(name)


def _delete_from_bucket(storage: Storage, names: list[str]) -> Iterator[dict[str, str]]:
    """Delete in one request, or, when a name spoils it for all, in one for each."""
    from botocore.exceptions import ClientError

    try:
        yield _delete_objects(storage, names)
    except (ClientError, SuspiciousOperation) as error:
        if len(names) == 1:
            yield {names[0]: words_of(error)}
        else:
            for name in names:
                yield from _delete_from_bucket(storage, [name])


def _delete_objects(storage: Storage, names: list[str]) -> dict[str, str]:
    """Delete up to 1,000 objects in one request."""
    from storages.utils import clean_name

    keys = {name: storage._normalize_name(clean_name(name)) for name in names}
    objects = [{"Key": key} for key in dict.fromkeys(keys.values())]
    answer = storage.bucket.delete_objects(Delete={"Objects": objects, "Quiet": True})
    refused = {error["Key"]: error["Message"] for error in answer.get("Errors", [])}
    return {name: refused.get(key, "") for name, key in keys.items()}
