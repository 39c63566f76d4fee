"""Writing the history: each save, deletion and link is a Change, in the same transaction.

What was in a row before is read from the row; instances may be stale. What no signal tells is
read as well: rows that lose a reference to a deleted one, by SET_NULL or in a many-to-many table.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from weakref import ref

from django.db.models import Model

from .. import progress
from .action import Act, collect, current, keep
from .bulk import insert
from .changes import (
    Kind,
    Values,
    change,
    concrete,
    names_of,
    outer_cause,
    plain,
    rows_of,
    shown,
    stored,
    written_fields,
)
from .deletions import Going, name_what_they_led_to, what_others_lost
from .grouping import Grouped
from .models import Change
from .origin import Origin, recall, remember, remembered
from .rehearsal import is_rehearsing
from .signal_map import field_of

NOTHING = (None, "", False)  # not worth a word of a new row
_before: dict[int, tuple["ref[Model]", Values]] = {}  # what is in a row that is being saved
_loaded: ContextVar["ref[Model] | None"] = ContextVar("row loaddata is writing", default=None)


def read_row_before(
    sender: type[Model], instance: Model, raw: bool, using: str, update_fields: Any, **kwargs: Any
) -> None:
    """Reads what is in a row that is about to be saved."""
    _loaded.set(ref(instance) if raw else None)
    _before.pop(id(instance), None)
    if raw or instance.pk is None:
        return
    columns = [field.attname for field in written_fields(sender, instance, update_fields)]
    if not columns:
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
        if created and getattr(instance, field.attname) in NOTHING:
            continue
        old, new = plain(field, before.get(field.attname)), plain(field, stored(field, instance))
        if old == new or (created and new in NOTHING):
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
    field: Any = field_of(sender)
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
        names = names_of(concrete(instance), {instance.pk}, using)
        gained = {str(key): name for key, name in names.items()}
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
    progress.goes(model)
    going = remembered(origin, "going").get(model)
    if going is None:
        going = Going(model, origin, using)
        remember(origin, "going", model, going, using)
    if origin is not instance:
        going.take(instance)
    elif stored_row := rows_of(model, using, pk=instance.pk).first():
        going.take(stored_row)  # for the instance may be an old copy, even of what is gone


def record_deletion(sender: type[Model], using: str, origin: Origin, **kwargs: Any) -> None:
    """Writes down, once for a whole deletion, which rows went and what others lost by it."""
    if goings := {going.model: going for going in recall(origin, "going")}:
        name_what_they_led_to(goings, using)
        gone = [row for going in goings.values() for row in going.rows.values()]
        collect("changes", [*gone, *what_others_lost(goings)], using)


def write_changes(act: Act, using: str) -> None:
    """Write what was collected into the history, all at once; a rehearsal only reads it."""
    changes, effects = act.take("changes", using), act.take("effects", using)
    if not (changes or effects):
        return
    for part in changes.parts:
        keep("written", part, using, act)
    if is_rehearsing():
        return
    act.summary = act.summary or Grouped((it for it in changes if not it.cause), act.at).asked()
    caused = {*effects}
    for part in changes.parts:
        rows = [*part]
        for it in rows:
            it.action_id = act.id
            caused.add(it.cause)
        insert(Change, rows, using)
    act.store(using, caused)
