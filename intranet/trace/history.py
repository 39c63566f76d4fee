"""Writing the history: each save, deletion and link is a Change, in the same transaction.

What was in a row before is read from the row; instances may be stale. What no signal tells is
read as well: rows that lose a reference to a deleted one, by SET_NULL or in a many-to-many table.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from typing import Any, cast
from weakref import ref

from django.db.models import SET_NULL, Model

from .action import Act, collect, current, keep
from .bulk import insert
from .changes import (
    CASCADED,
    TRACKED,
    Kind,
    Values,
    change,
    concrete,
    fields_of,
    fields_to,
    links_of,
    links_of_table,
    names_of,
    outer_cause,
    plain,
    rows_of,
    shown,
    shown_fields,
    simple,
    stored,
    written_fields,
)
from .grouping import Grouped
from .models import Change
from .origin import Origin, chosen_keys, recall, remember, remembered, started_on
from .rehearsal import is_rehearsing
from .wording import model_of

Loss = tuple[Change, type[Model]]  # and what was lost
_before: dict[int, tuple["ref[Model]", Values]] = {}  # what is in a row that is being saved
_loaded: ContextVar["ref[Model] | None"] = ContextVar("row loaddata is writing", default=None)


def read_row_before(
    sender: type[Model], instance: Model, raw: bool, using: str, update_fields: Any, **kwargs: Any
) -> None:
    """Reads what is in a row that is about to be saved."""
    _loaded.set(ref(instance) if raw else None)
    _before.pop(id(instance), None)
    columns = [field.attname for field in written_fields(sender, instance, update_fields)]
    if raw or instance.pk is None or not columns:
        return
    rows = concrete(sender)._base_manager.using(using).filter(pk=instance.pk)
    if row := rows.values(*columns).first():
        key = id(instance)
        _before[key] = ref(instance, lambda _: _before.pop(key, None)), row


def record_save(
    sender: type[Model],
    instance: Model,
    created: bool,
    raw: bool,
    using: str,
    update_fields: Any,
    **kwargs: Any,
) -> None:
    """Writes down what a save changed in its row."""
    _, before = _before.pop(id(instance), (None, {}))
    if act := current():
        act.names.pop((concrete(sender), instance.pk), None)
    if raw:
        return
    values, keys = {}, {}
    for field in written_fields(sender, instance, update_fields):
        old, new = plain(field, before.get(field.attname)), plain(field, stored(field, instance))
        if old == new or (created and new in (None, "", False)):
            continue
        values[field.name] = shown(field, instance, old, new, using)
        if field.is_relation:
            keys[field.name] = [old, new]
    if created or values:
        kind = Kind.CREATED if created else Kind.CHANGED
        collect("changes", [change(instance, kind, values, keys, using, outer_cause())], using)


def record_links(
    sender: type[Model],
    instance: Model,
    action: str,
    reverse: bool,
    model: type[Model],
    pk_set: set[Any] | None,
    using: str,
    **kwargs: Any,
) -> None:
    """Writes down which rows a many-to-many field gained or lost."""
    loaded = _loaded.get()
    what = {"post_add": "added", "pre_remove": "removed", "pre_clear": "removed"}.get(action)
    if what is None or (loaded and loaded() is instance):
        return
    field = next(it for it in links_of_table(sender) if it.remote_field.through is sender)
    owner, other = field.m2m_field_name(), field.m2m_reverse_field_name()
    if what == "removed":  # of which some may not be there
        here, there = (other, owner) if reverse else (owner, other)
        rows = sender._base_manager.using(using).filter(**{here: instance.pk})
        asked = {} if pk_set is None else {f"{there}__in": pk_set}
        pk_set = set(rows.filter(**asked).values_list(there, flat=True))
    if not pk_set:
        return
    owners: Iterable[Model] = [instance]
    if reverse:
        gained = {str(instance.pk): str(instance)}
        owners = rows_of(model, using, pk__in=pk_set)
    else:
        gained = {str(key): name for key, name in names_of(model, pk_set, using).items()}
    values, keys = {field.name: {what: [*gained.values()]}}, {field.name: {what: [*gained]}}
    cause = outer_cause()
    changes = [change(it, Kind.CHANGED, values, keys, using, cause) for it in owners]
    collect("changes", changes, using)


def read_row_to_delete(
    sender: type[Model], instance: Model, using: str, origin: Origin, **kwargs: Any
) -> None:
    """Reads what is in a row that is about to be deleted, and which others lose something by it."""
    model = concrete(sender)
    is_chosen = started_on(origin, model)
    read = remembered(origin, "losses")
    if model not in read:
        chosen = chosen_keys(origin, using) if is_chosen else [instance.pk]
        remember(origin, "losses", model, losses(model, chosen, using), using)
        remember(origin, "links", model, links_before(model, chosen, using), using)
    elif not is_chosen:
        read[model].extend(losses(model, [instance.pk], using))
        remembered(origin, "links")[model].update(links_before(model, [instance.pk], using))
    if origin is instance:  # which may be an old copy, even of what is gone
        if (stored_row := rows_of(model, using, pk=instance.pk).first()) is None:
            return
        instance = stored_row
    cause = outer_cause() or ("" if is_chosen else CASCADED)
    how = TRACKED[model]
    row = change(instance, Kind.DELETED, {}, {}, using, cause, name="" if how.part_of else None)
    for name, column in shown_fields(model):
        if (value := simple(getattr(instance, column))) not in (None, ""):
            row.values[name] = [value, None]
    for name, found in remembered(origin, "links")[model].get(instance.pk, {}).items():
        row.values[name] = {"removed": [*found.values()]}
        row.keys[name] = {"removed": [*found]}
    remember(origin, "deleted rows", (model, row.object_key), row, using)


def record_deletion(sender: type[Model], using: str, origin: Origin, **kwargs: Any) -> None:
    """Writes down, once for a whole deletion, which rows went and what others lost by it."""
    gone = {**remembered(origin, "deleted rows")}
    if not recall(origin, "deleted rows"):
        return
    recall(origin, "links")
    name_what_they_led_to(gone, using)
    merged: dict[tuple[type[Model] | None, str], Change] = {}
    for it, target in (it for found in recall(origin, "losses") for it in found):
        key = model_of(it), it.object_key
        for name, values in it.values.items():
            if isinstance(values, list):
                row = gone.get((target, str(values[0])))  # none for a key that is not primary
                it.values[name] = [row.object_name if row else str(values[0]), None]
        if key not in gone and (known := merged.setdefault(key, it)) is not it:
            join(known.values, it.values)
            join(known.keys, it.keys)
    collect("changes", [*gone.values(), *merged.values()], using)


# --- What a deletion takes along -------------------------------------------------------------


@cache
def losing(model: type[Model]) -> tuple[Any, ...]:
    """Return the fields of tracked models by which a row loses one of `model` that is deleted."""
    return tuple(
        it for it in fields_to(model) if it.many_to_many or it.remote_field.on_delete is SET_NULL
    )


def losses(model: type[Model], keys: Any, using: str) -> list[Loss]:
    """Return a change for each row and field that loses one of the rows to be deleted.

    Of a foreign key it has the key in place of the name, which is known when all rows are read.
    """
    found: list[Loss] = []
    cause = outer_cause() or CASCADED
    values: Values
    keys_: Values
    for field in losing(model):
        by = field.model
        if field.many_to_many:
            table = field.remote_field.through._base_manager.using(using)
            owner, other = field.m2m_field_name(), field.m2m_reverse_field_name()
            pairs = table.filter(**{f"{other}__in": keys}).values_list(owner, other)
            owners = {row.pk: row for row in rows_of(by, using, pk__in={pk for pk, _ in pairs})}
            names = names_of(model, {key for _, key in pairs}, using)
            for pk, key in pairs:
                name, removed = field.name, {"removed": [str(key)]}
                values, keys_ = {name: {"removed": [names[key]]}}, {name: removed}
                loss = change(owners[pk], Kind.CHANGED, values, keys_, using, cause)
                found.append((loss, model))
            continue
        for row in rows_of(by, using, **{f"{field.name}__pk__in": keys}):
            pair = {field.name: [simple(getattr(row, field.attname)), None]}
            found.append((change(row, Kind.CHANGED, pair, {**pair}, using, cause), model))
    return found


def links_before(model: type[Model], keys: Any, using: str) -> dict[Any, dict[str, dict[str, str]]]:
    """Return {primary key: {many-to-many field: {key: name}}} of rows to be deleted."""
    found: dict[Any, dict[str, dict[str, str]]] = {}
    for field in links_of(model):
        table = field.remote_field.through._base_manager.using(using)
        owner, other = field.m2m_field_name(), field.m2m_reverse_field_name()
        pairs = list(table.filter(**{f"{owner}__in": keys}).values_list(owner, other))
        names = names_of(field.related_model, {key for _, key in pairs}, using)
        for pk, key in pairs:
            found.setdefault(pk, {}).setdefault(field.name, {})[str(key)] = names[key]
    return found


def join(known: Values, more: Values) -> None:
    """Add the values of a change to those of another of the same row, links to links."""
    for name, it in more.items():
        if isinstance(it, dict) and name in known:
            known[name]["removed"] += it["removed"]
        else:
            known[name] = it


def name_what_they_led_to(gone: dict[Any, Change], using: str) -> None:
    """Put names in place of the keys of relations, and the names of the rows they belong to."""
    known: dict[type[Model], dict[Any, str]] = defaultdict(dict)
    led_to = [
        (row, model, field, concrete(cast(type[Model], field.related_model)))
        for (model, _), row in gone.items()
        for field in fields_of(model)
        if field.is_relation and field.name in row.values
    ]
    for row, _, field, target in led_to:
        key = row.values[field.name][0]
        known[target][key] = getattr(gone.get((target, str(key))), "object_name", "")
    for target, names in known.items():
        names |= names_of(target, {key for key, name in names.items() if not name}, using)
    for row, model, field, target in led_to:
        key = row.values[field.name][0]
        row.values[field.name], row.keys[field.name] = [known[target][key], None], [key, None]
        if field.name == TRACKED[model].part_of:
            row.object_name = known[target][key]


def write_changes(act: Act, using: str) -> None:
    """Write what was collected into the history, all at once; a rehearsal only reads it."""
    changes, effects = act.take("changes", using), act.take("effects", using)
    if not (changes or effects):
        return
    keep("written", changes, using, act)
    if is_rehearsing():
        return
    act.summary = act.summary or Grouped([it for it in changes if not it.cause], act.at).asked()
    act.store(using)
    for it in changes:
        it.action_id = act.id
    insert(changes, using)
