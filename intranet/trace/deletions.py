"""What a deletion takes along: the rows that go, and what others lose that stay.

Both are read before the first row is gone. What others lose no signal tells: by SET_NULL, or in a
many-to-many table.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, reduce
from operator import or_
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import SET_NULL, Model, Q

from .changes import (
    CASCADED,
    SIMPLE,
    TRACKED,
    Kind,
    Values,
    concrete,
    content_type_key,
    fields_of,
    fields_to,
    kept_name,
    links_of,
    names_of,
    outer_cause,
    owner_of,
    rows_of,
    shown_fields,
    simple,
)
from .origin import Origin, chosen_keys, started_on, ways_from

Linked = dict[str, dict[str, str]]  # {many-to-many field: {key: name}}
Links = dict[Any, Linked]  # by primary key


@dataclass(slots=True, eq=False)
class Loss:
    """The change of a row that goes, or that loses others, kept flat: there may be thousands."""

    content_type_id: int
    object_key: str
    object_name: str
    kind: str
    cause: str
    held: Values  # what was in its columns, by field
    links: Linked  # what it was linked to
    owner: Values = field(default_factory=dict)  # {foreign key: the row that it is part of}
    led_to: dict[str, str] = field(default_factory=dict)  # the names for keys that it held
    action_id: UUID | None = None
    Kind: ClassVar = Kind

    @property
    def values(self) -> Values:
        found: Values = {name: (it, None) for name, it in self.held.items()}
        for name, called in self.led_to.items():
            found[name] = called, None
        for name, links in self.links.items():
            found[name] = {"removed": [*links.values()]}
        return found

    @property
    def keys(self) -> Values:
        found: Values = {name: (it, it) for name, it in self.owner.items()}
        for name in self.led_to:
            found[name] = self.held[name], None
        for name, links in self.links.items():
            found[name] = {"removed": [*links]}
        return found

    def join(self, more: "Loss") -> None:
        """Add what else the row loses."""
        self.held |= more.held
        self.led_to |= more.led_to
        for name, found in more.links.items():
            self.links.setdefault(name, {}).update(found)


class Going:
    """The rows of one model that a deletion takes along, and what others lose by it."""

    def __init__(self, model: type[Model], origin: Origin, using: str):
        self.model, self.using = model, using
        self.type_key, self.part_of = content_type_key(model, using), TRACKED[model].part_of
        self.columns = shown_fields(model)
        self.cause = "" if started_on(origin, model) else CASCADED
        self.rows: dict[str, Loss] = {}  # by primary key
        self.losses: dict[type[Model], list[Loss]] = defaultdict(list)
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
        for by, found in losses(self.model, keys, self.using):
            self.losses[by] += found
        self.links |= links_before(self.model, keys, self.using)

    def take(self, instance: Model) -> None:
        """Keep what is in a row."""
        if self.is_led_to and instance.pk not in self.read:
            self.read_others({instance.pk}, [instance.pk])
        held, loaded = {}, vars(instance)  # where a file is a name
        for name, column in self.columns:
            value = loaded[column] if column in loaded else getattr(instance, column)
            if type(value) not in SIMPLE:
                value = simple(value)
            if value is not None and value != "":
                held[name] = value
        name = "" if self.part_of else kept_name(instance)
        cause, links = outer_cause() or self.cause, self.links.get(instance.pk, {})
        key = str(instance.pk)
        self.rows[key] = Loss(self.type_key, key, name, Kind.DELETED, cause, held, links)


@cache
def losing(model: type[Model]) -> tuple[Any, ...]:
    """Return the fields of tracked models by which a row loses one of `model` that is deleted."""
    return tuple(
        it for it in fields_to(model) if it.many_to_many or it.remote_field.on_delete is SET_NULL
    )


def losses(model: type[Model], keys: Any, using: str) -> Iterator[tuple[type[Model], list[Loss]]]:
    """Return, field by field, the rows that lose one of those to be deleted.

    What a foreign key led to is named when all rows are read.
    """
    for it in losing(model):
        by, name = it.model, it.name
        if it.many_to_many:
            table = it.remote_field.through._base_manager.using(using)
            owner, other = it.m2m_field_name(), it.m2m_reverse_field_name()
            pairs = table.filter(**{f"{other}__in": keys}).values_list(owner, other)
            owners = {row.pk: row for row in rows_of(by, using, pk__in={pk for pk, _ in pairs})}
            names = names_of(model, {key for _, key in pairs}, using)
            yield (
                by,
                [loss(owners[pk], using, {}, {name: {str(key): names[key]}}) for pk, key in pairs],
            )
        elif named_by := TRACKED[by].named_by:
            rows = by._base_manager.using(using).filter(**{f"{name}__pk__in": keys})
            found, kind = rows.values_list("pk", named_by, it.attname), content_type_key(by, using)
            cause = outer_cause() or CASCADED
            yield (
                by,
                [
                    Loss(kind, str(pk), called, Kind.CHANGED, cause, {name: simple(key)}, {})
                    for pk, called, key in found
                ],
            )
        else:
            rows = rows_of(by, using, **{f"{name}__pk__in": keys})
            yield (
                by,
                [loss(row, using, {name: simple(getattr(row, it.attname))}, {}) for row in rows],
            )


def loss(row: Model, using: str, held: Values, links: Linked) -> Loss:
    """Return what a row loses that stays."""
    owner, kind = owner_of(row), content_type_key(row, using)
    name, cause = kept_name(row), outer_cause() or CASCADED
    return Loss(kind, str(row.pk), name, Kind.CHANGED, cause, held, links, owner)


def links_before(model: type[Model], keys: Any, using: str) -> Links:
    """Return {primary key: {many-to-many field: {key: name}}} of rows to be deleted."""
    found: Links = {}
    for it in links_of(model):
        table = it.remote_field.through._base_manager.using(using)
        owner, other = it.m2m_field_name(), it.m2m_reverse_field_name()
        pairs = list(table.filter(**{f"{owner}__in": keys}).values_list(owner, other))
        names = names_of(it.related_model, {key for _, key in pairs}, using)
        for pk, key in pairs:
            found.setdefault(pk, {}).setdefault(it.name, {})[str(key)] = names[key]
    return found


def what_others_lost(goings: dict[type[Model], Going]) -> list[Loss]:
    """Return a change for each row that stays but loses something."""
    merged: dict[tuple[type[Model], str], Loss] = {}
    for going in goings.values():
        for by, found in going.losses.items():
            gone = goings[by].rows if by in goings else {}
            for it in found:
                if it.object_key in gone:
                    continue
                for name, key in it.held.items():
                    row = going.rows.get(str(key))  # none for a key that is not primary
                    it.led_to[name] = row.object_name if row else str(key)
                if (known := merged.setdefault((by, it.object_key), it)) is not it:
                    known.join(it)
    return [*merged.values()]


def name_what_they_led_to(goings: dict[type[Model], Going], using: str) -> None:
    """Put names in place of the keys of relations, and the names of the rows they belong to."""
    known: dict[type[Model], dict[Any, str]] = defaultdict(dict)
    led_to = []
    for going in goings.values():
        for it in (it for it in fields_of(going.model) if it.is_relation):
            name, target = it.name, concrete(cast(type[Model], it.related_model))
            there = goings[target].rows if target in goings else {}
            for row in going.rows.values():
                if name in row.held:
                    key = row.held[name]
                    led_to.append((row, name, target, key, name == going.part_of))
                    known[target][key] = there[str(key)].object_name if str(key) in there else ""
    for target, names in known.items():
        names |= names_of(target, {key for key, name in names.items() if not name}, using)
    for row, name, target, key, is_whole in led_to:
        row.led_to[name] = known[target][key]
        if is_whole:
            row.object_name = known[target][key]
