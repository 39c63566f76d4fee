"""What is written about a row that changes: its name, and what was and is in its fields."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from sys import intern
from typing import Any, ClassVar, NamedTuple, TypeAlias, cast
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import CharField, Field, FileField, Model, QuerySet, TextField
from django.db.models.fields.files import FieldFile
from django.utils.timezone import is_aware

from .action import Act, collect, current
from .models import MAX_NAME, Change
from .phrases import Said, counted_rows
from .rights import group_called
from .wiring import causes

Kind = Change.Kind
Values = dict[str, Any]
AnyField: TypeAlias = "Field[Any, Any]"  # not shown
SIMPLE = {type(None), bool, int, float, str}
CASCADED = "cascade"  # the cause of what the database does by itself
CODES: dict[type[Model], str] = {
    Permission: "codename"
}  # kept in place of names that depend on the reader's language
STRANGERS = {"admin", "auth", "axes", "comparison", "contenttypes", "intranet", "sessions"}


class Tracked(NamedTuple):
    """How a model's history is kept; the model says so in its attribute `history`."""

    part_of: str = ""  # the foreign key to the row whose history this one belongs to
    skip: frozenset[str] = frozenset()  # fields of no interest
    hidden: frozenset[str] = frozenset()  # fields whose values stay secret
    restorable: bool = False  # a deleted row can be made again from its history
    named_by: str = ""  # the column that str() returns: then rows are named without loading them
    neutral: str = ""  # the attribute that is kept as the name where str() says it in one language
    called: Callable[[str], Said] = str  # says a kept name in any language


@dataclass(slots=True, eq=False)
class Entry:
    """What a Change will say, without the weight of a model: there may be thousands."""

    content_type_id: int
    object_key: str
    object_name: str
    kind: str
    values: Values
    keys: Values
    cause: str
    action_id: UUID | None = None
    Kind: ClassVar = Change.Kind


TRACKED: dict[type[Model], Tracked] = {}


def tracked_models() -> list[type[Model]]:
    """Return the models whose history is kept: all of the floors and other apps, and groups.

    A model with `history = None` is left out. Fills TRACKED.
    """
    found = []
    for model in apps.get_models():
        is_group = model._meta.label == "auth.Group"  # whose pages may call it something else
        usual = Tracked(named_by="name", called=group_called) if is_group else Tracked()
        how = getattr(model, "history", usual)
        own = model._meta.app_label not in STRANGERS or is_group
        if own and how is not None:
            TRACKED[concrete(model)] = how
            found.append(model)
    return found


def link_tables() -> list[type[Model]]:
    """Return the tables of the many-to-many fields of tracked models."""
    return [field.remote_field.through for model in TRACKED for field in links_of(model)]


def concrete(model: type[Model] | Model) -> type[Model]:
    """Return the model that has the table; of a row, which may be a lazy one, too."""
    found: Any = model._meta.concrete_model or type(model)
    return cast(type[Model], found)


@cache
def fields_of(model: type[Model]) -> tuple[AnyField, ...]:
    """Return the columns whose values are kept."""
    skip = TRACKED[model].skip
    opts = model._meta
    return tuple(it for it in opts.concrete_fields if not it.primary_key and it.name not in skip)


@cache
def shown_fields(model: type[Model]) -> tuple[tuple[str, str], ...]:
    """Return name and attribute of the columns whose values are no secret."""
    hidden = TRACKED[model].hidden
    return tuple((it.name, it.attname) for it in fields_of(model) if it.name not in hidden)


@cache
def links_of(model: type[Model]) -> tuple[Any, ...]:
    """Return the many-to-many fields with a table of their own."""
    fields: list[Any] = model._meta.local_many_to_many
    return tuple(it for it in fields if it.remote_field.through._meta.auto_created)


def update(rows: QuerySet[Any], **values: Any) -> int:
    """Update rows in one go, of which no signal tells, and write it down; return how many."""
    model, using = concrete(rows.model), rows.db
    changes = []
    for row in rows_of(model, using, pk__in=rows.values("pk")):
        old, new = {}, {}
        for name, value in values.items():
            field: Any = model._meta.get_field(name)
            was, becomes = plain(field, stored(field, row)), plain(field, value)
            if was != becomes:
                old[name] = shown(field, row, was, becomes, using)
                if field.is_relation:
                    new[name] = [was, becomes]
        if old:
            changes.append(change(row, Kind.CHANGED, old, new, using, next(iter(causes()), "")))
    keys = [it.object_key for it in changes]
    model._base_manager.using(using).filter(pk__in=keys).update(**values)
    collect("changes", changes, using)
    return len(keys)


def note(instance: Model, name: str, before: Any, using: str) -> None:
    """Write down that one field was changed by an update, of which no signal tells."""
    field: Any = instance._meta.get_field(name)
    pair = [plain(field, before), plain(field, getattr(instance, name))]
    cause = next(iter(causes()), "")
    collect("changes", [change(instance, Kind.CHANGED, {name: pair}, {}, using, cause)], using)


def change(
    instance: Model,
    kind: str,
    values: Values,
    keys: Values,
    using: str,
    cause: str,
) -> Entry:
    """Return what there is to say about a row."""
    keys = {name: [key, key] for name, key in owner_of(instance).items()} | keys
    type_key = content_type_key(instance, using)
    return Entry(type_key, str(instance.pk), kept_name(instance), kind, values, keys, cause)


def owner_of(instance: Model) -> Values:
    """Return {foreign key: the key of the row that this one is part of}, if it is."""
    part_of = TRACKED[concrete(instance)].part_of
    if not part_of:
        return {}
    column: Any = instance._meta.get_field(part_of)
    return {part_of: simple(getattr(instance, column.attname))}


def kept_name(instance: Model) -> str:
    """Return the name under which a row stands in the history."""
    tracked = TRACKED[concrete(instance)]
    column = tracked.neutral or tracked.named_by
    return intern(str(getattr(instance, column) if column else instance)[:MAX_NAME])


def content_type_key(model: type[Model] | Model, using: str) -> int:
    key: int = kinds(using).get_for_model(model).pk
    return key


@cache
def kinds(using: str) -> Any:
    return ContentType.objects.db_manager(using)


def delete(rows: QuerySet[Any]) -> set[type[Model]]:
    """Delete rows, and write down what went with them; return the models of all that went."""
    _, counts = rows.delete()
    gone = {apps.get_model(label): count for label, count in counts.items() if count}
    others = {it: n for it, n in gone.items() if it not in TRACKED and not it._meta.auto_created}
    collect("changes", untracked_rows(others, rows.db), rows.db)
    return {*gone}


def untracked_rows(counts: dict[type[Model], int], using: str) -> list[Entry]:
    """Return a change for each kind of rows without a history that went with others."""
    found = []
    for model, count in counts.items():
        name, kind = str(counted_rows(model, count)), content_type_key(model, using)
        found.append(Entry(kind, "", name, Kind.DELETED, {}, {}, CASCADED))
    return found


def outer_cause() -> str:
    """Return the receiver that wrote what a receiver of this module writes down, if one did."""
    return next(iter(causes()[1:]), "")


def written_fields(sender: type[Model], instance: Model, update_fields: Any) -> list[AnyField]:
    """Return the kept columns that a save writes."""
    deferred = instance.get_deferred_fields()
    return [
        field
        for field in fields_of(concrete(sender))
        if field.attname not in deferred
        and (update_fields is None or {field.name, field.attname} & set(update_fields))
    ]


def stored(field: AnyField, instance: Model) -> Any:
    """Return what a column holds; of an expression, what the database made of it."""
    value = getattr(instance, field.attname)
    if hasattr(value, "resolve_expression"):
        rows = type(instance)._base_manager.using(instance._state.db)
        value = rows.filter(pk=instance.pk).values_list(field.attname, flat=True).first()
    return value


def plain(field: AnyField, value: Any) -> Any:
    """Return a value such that JSON can hold it, and that equal ones are equal."""
    if isinstance(value, Model):
        value = value.pk
    if isinstance(field, FileField):
        return getattr(value, "name", value) or ""
    if value is None or (type(value) is str and isinstance(field, CharField | TextField)):
        return value
    with suppress(ValidationError):  # stored before it was refused
        value = field.to_python(value)
    return simple(value)


def simple(value: Any) -> Any:
    """Return a value of a row as JSON can hold it."""
    if type(value) in SIMPLE:
        return value
    if isinstance(value, datetime) and is_aware(value):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, FieldFile):
        return value.name or ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)  # of a choice, too


def shown(field: AnyField, instance: Model, old: Any, new: Any, using: str) -> list[Any]:
    """Return [from, to] with names in place of keys, and without what is to stay secret."""
    if field.name in TRACKED[concrete(type(instance))].hidden:
        return ["", "changed"]
    if field.is_relation:
        model, at_hand = cast(type[Model], field.related_model), {}
        if new is not None and field.is_cached(instance):  # type: ignore[attr-defined]
            at_hand[new] = intern(str(getattr(instance, field.name))[:MAX_NAME])
        names = at_hand | names_of(model, {old, new} - {None, *at_hand}, using)
        return [names.get(old), names.get(new)]
    return [old, new]


def rows_of(model: type[Model], using: str, **which: Any) -> QuerySet[Any]:
    """Return rows with what it takes to name them."""
    texts = [it.name for it in model._meta.concrete_fields if isinstance(it, TextField)]
    rows = model._base_manager.using(using).filter(**which).defer(*texts)
    part_of = TRACKED[concrete(model)].part_of
    return rows.select_related(part_of) if part_of else rows


def names_of(model: type[Model], keys: Iterable[Any], using: str) -> dict[Any, str]:
    """Return what rows are called, by primary key; each is asked for once in an action."""
    act = current() or Act()
    if missing := {key for key in keys if (model, key) not in act.names}:
        rows = model._base_manager.using(using).filter(pk__in=missing)
        named_by = TRACKED[model].named_by if model in TRACKED else CODES.get(model, "")
        found = rows.values_list("pk", named_by) if named_by else ((it.pk, str(it)) for it in rows)
        for key, name in found:
            act.names[model, key] = name[:MAX_NAME]
    return {key: act.names.get((model, key), str(key)) for key in keys}


def remember_names(rows: Iterable[Model]) -> None:
    """Keep what rows at hand are called, so that nobody asks for it in this action."""
    if act := current():
        for row in rows:
            act.names[concrete(row), row.pk] = kept_name(row)


@cache
def fields_to(model: type[Model]) -> tuple[Any, ...]:
    """Return the foreign keys and many-to-many fields by which tracked rows lead to `model`."""
    relations = [
        it
        for it in model._meta.get_fields(include_hidden=True)
        if it.is_relation and it.auto_created and not it.concrete
    ]
    models = [(concrete(it.related_model), it.field) for it in relations]  # type: ignore[union-attr,arg-type]
    tracked = [(by, field) for by, field in models if by in TRACKED]
    return tuple(it for by, it in tracked if it in fields_of(by) + links_of(by))
