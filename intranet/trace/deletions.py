"""What a deletion takes along: the rows that go, and what others lose that stay.

Both are read before the first row is gone. What others lose no signal tells: by SET_NULL, or in a
many-to-many table.
"""

from collections import defaultdict
from functools import cache, reduce
from operator import or_
from typing import Any, cast

from django.db.models import SET_NULL, Model, Q

from .changes import (
    CASCADED,
    TRACKED,
    Entry,
    Kind,
    Values,
    change,
    concrete,
    content_type_key,
    fields_of,
    fields_to,
    kept_name,
    links_of,
    names_of,
    outer_cause,
    rows_of,
    shown_fields,
    simple,
)
from .origin import Origin, chosen_keys, started_on, ways_from

Loss = tuple[Entry, type[Model], type[Model]]  # of which model, and what was lost
Links = dict[Any, dict[str, dict[str, str]]]  # {primary key: {field: {key: name}}}
NOTHING = (None, "")  # not worth a word


class Going:
    """The rows of one model that a deletion takes along, and what others lose by it."""

    def __init__(self, model: type[Model], origin: Origin, using: str):
        self.model, self.using = model, using
        self.type_key, self.part_of = content_type_key(model, using), TRACKED[model].part_of
        self.columns = shown_fields(model)
        self.cause = "" if started_on(origin, model) else CASCADED
        self.rows: dict[str, Entry] = {}  # by primary key
        self.losses: list[Loss] = []
        self.links: Links = {}
        self.read: set[object] = set()  # the keys of rows by which others are known to lose
        self.is_led_to = bool(losing(model) or links_of(model))
        ways = [Q((f"{it}__in", chosen_keys(origin, using))) for it in ways_from(origin, model)]
        if self.is_led_to and ways:
            rows = model._base_manager.using(using).filter(reduce(or_, ways))
            self.read_others({*rows.values_list("pk", flat=True)}, rows.values("pk"))

    def read_others(self, read: set[object], keys: Any) -> None:
        """Read which rows lose something by those that go, and what these lead to."""
        self.read |= read
        self.losses += losses(self.model, keys, self.using)
        self.links |= links_before(self.model, keys, self.using)

    def take(self, instance: Model) -> None:
        """Keep what is in a row."""
        key, keys = str(instance.pk), {}
        if self.is_led_to and instance.pk not in self.read:
            self.read_others({instance.pk}, [instance.pk])
        values: Values = {}
        for name, column in self.columns:
            if (value := simple(getattr(instance, column))) not in NOTHING:
                values[name] = [value, None]
        for name, found in self.links.get(instance.pk, {}).items():
            values[name] = {"removed": [*found.values()]}
            keys[name] = {"removed": [*found]}
        name = "" if self.part_of else kept_name(instance)
        cause = outer_cause() or self.cause
        self.rows[key] = Entry(self.type_key, key, name, Kind.DELETED, values, keys, cause)


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
    for field in losing(model):
        by, name = field.model, field.name
        if field.many_to_many:
            table = field.remote_field.through._base_manager.using(using)
            owner, other = field.m2m_field_name(), field.m2m_reverse_field_name()
            pairs = table.filter(**{f"{other}__in": keys}).values_list(owner, other)
            owners = {row.pk: row for row in rows_of(by, using, pk__in={pk for pk, _ in pairs})}
            names = names_of(model, {key for _, key in pairs}, using)
            for pk, key in pairs:
                lost, lost_key = {"removed": [names[key]]}, {"removed": [str(key)]}
                loss = change(
                    owners[pk], Kind.CHANGED, {name: lost}, {name: lost_key}, using, cause
                )
                found.append((loss, by, model))
            continue
        which = {f"{name}__pk__in": keys}
        if named_by := TRACKED[by].named_by:
            rows = by._base_manager.using(using).filter(**which)
            type_key = content_type_key(by, using)
            for pk, called, key in rows.values_list("pk", named_by, field.attname):
                pairs = [simple(key), None]
                loss = Entry(
                    type_key, str(pk), called, Kind.CHANGED, {name: pairs}, {name: pairs}, cause
                )
                found.append((loss, by, model))
        else:
            for row in rows_of(by, using, **which):
                pair = {name: [simple(getattr(row, field.attname)), None]}
                found.append((change(row, Kind.CHANGED, pair, {**pair}, using, cause), by, model))
    return found


def links_before(model: type[Model], keys: Any, using: str) -> Links:
    """Return {primary key: {many-to-many field: {key: name}}} of rows to be deleted."""
    found: Links = {}
    for field in links_of(model):
        table = field.remote_field.through._base_manager.using(using)
        owner, other = field.m2m_field_name(), field.m2m_reverse_field_name()
        pairs = list(table.filter(**{f"{owner}__in": keys}).values_list(owner, other))
        names = names_of(field.related_model, {key for _, key in pairs}, using)
        for pk, key in pairs:
            found.setdefault(pk, {}).setdefault(field.name, {})[str(key)] = names[key]
    return found


def what_others_lost(goings: dict[type[Model], Going]) -> list[Entry]:
    """Return a change for each row that stays but loses something."""
    merged: dict[tuple[type[Model], str], Entry] = {}
    for it, by, target in (it for going in goings.values() for it in going.losses):
        if by in goings and it.object_key in goings[by].rows:
            continue
        for name, values in it.values.items():
            if isinstance(values, list):
                row = goings[target].rows.get(str(values[0]))  # none for a key that is not primary
                it.values[name] = [row.object_name if row else str(values[0]), None]
        if (known := merged.setdefault((by, it.object_key), it)) is not it:
            join(known.values, it.values)
            join(known.keys, it.keys)
    return [*merged.values()]


def join(known: Values, more: Values) -> None:
    """Add the values of a change to those of another of the same row, links to links."""
    for name, it in more.items():
        if isinstance(it, dict) and name in known:
            known[name]["removed"] += it["removed"]
        else:
            known[name] = it


def name_what_they_led_to(goings: dict[type[Model], Going], using: str) -> None:
    """Put names in place of the keys of relations, and the names of the rows they belong to."""
    known: dict[type[Model], dict[Any, str]] = defaultdict(dict)
    led_to = []
    for going in goings.values():
        for field in (it for it in fields_of(going.model) if it.is_relation):
            target = concrete(cast(type[Model], field.related_model))
            there = goings[target].rows if target in goings else {}
            for row in going.rows.values():
                if field.name in row.values:
                    key = row.values[field.name][0]
                    led_to.append((row, field.name, target, key, field.name == going.part_of))
                    known[target][key] = there[str(key)].object_name if str(key) in there else ""
    for target, names in known.items():
        names |= names_of(target, {key for key, name in names.items() if not name}, using)
    for row, name, target, key, is_whole in led_to:
        row.values[name], row.keys[name] = [known[target][key], None], [key, None]
        if is_whole:
            row.object_name = known[target][key]
