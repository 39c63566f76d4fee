"""Rows on the way back to what they were: fields that were changed, rows that were deleted."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import FileField, Model
from django.utils.translation import gettext_lazy as _

from ..wording import labelled
from .changes import TRACKED, fields_of, links_of, plain, stored
from .models import Change
from .wording import field_of, label, model_of, name_of

Slot = tuple[str, Any]  # a column and "", or a many-to-many field and a key that it leads to
Row = tuple[type[Model], str]  # a model and a primary key, as text
Pair = list[Any]  # what was there before the action, and after it; of links, whether they were
May = Callable[[str, Model], bool]  # whether one may "add", "change" or "delete" a row
# Each gets actor, row, field, and what the column held before and after, or the keys that come or
# go; none when a restored row loses all. It returns why the field stays as it is, or raises Veto
# where the actor may not do this. Upper floors add theirs.
checks: list[Callable[[Any, Any, str, list[Any]], str]] = []
SINCE = _("Stays as it is, changed since")
LOST = _("Stays as it is, what was there before is gone")
UNFIT = _("Stays as it is, what was there before does not fit by now")
UNKNOWN = _("Stays as it is, nobody knows what was there before")
DELETED = _("Stays deleted")
WITHOUT = _("Comes back without what is gone")
GONE = _("Needs no undoing, it is gone since")


class WayBack:
    """Sets back what it can, if one may, and collects what stays as it is."""

    def __init__(self, actor: Any, may: May, using: str):
        self.actor, self.may, self.using = actor, may, using
        self.left: dict[Any, list[str]] = defaultdict(list)  # why: what
        self.refused: list[str] = []
        self.done: set[Row] = set()  # rows of which something was undone
        self.rest: set[Row] = set()  # of which something stays that was changed since
        self.names: dict[tuple[str, Any], str] = {}  # of what links led to, by field and key

    def allowed(self, right: str, row: Model) -> bool:
        is_allowed = self.may(right, row)
        self.refused += [] if is_allowed else [str(row)]
        return is_allowed

    def checked(self, row: Model, name: str, values: list[Any]) -> bool:
        """Return whether all checks let a field be set back."""
        why = next(filter(None, (it(self.actor, row, name, values) for it in checks)), "")
        return not (why and self.leave(why, row, name))

    def leave(self, why: Any, row: Model, name: str) -> bool:
        self.left[why].append(f"{row} ({label(type(row), name)})")
        self.rest |= {row_key(row)} if why == SINCE else set()
        return True

    def there(self, model: type[Model], keys: Iterable[Any]) -> set[Any]:
        """Return which of these keys rows have."""
        rows = model._base_manager.using(self.using).filter(pk__in=keys)
        return set(rows.values_list("pk", flat=True))

    def set_back(self, row: Model, slots: dict[Slot, Pair]) -> None:
        held: list[tuple[Any, Any, Any]] = []
        changed: dict[str, list[tuple[Any, bool]]] = defaultdict(list)
        for (name, key), (old, new) in slots.items():
            field = field_of(type(row), name)
            if key != "":
                changed[name].append((key, old))
            elif field and old != new and self.is_as_left(row, field, old, new):
                held.append((field, old, new))
        held.sort(key=lambda it: not isinstance(it[0], FileField))  # what describes a file follows
        if held and self.allowed("change", row):
            self.save(row, held)
        for name, pairs in changed.items():
            self.link(row, name, pairs)

    def is_as_left(self, row: Model, field: Any, old: Any, new: Any) -> bool:
        """Return whether a column can be set back, which takes that it holds what it was given."""
        now = plain(field, stored(field, row))
        why: object = ""
        if field.name in TRACKED[type(row)].hidden:
            why = UNKNOWN
        elif now == old:
            return False
        elif now != new:
            why = SINCE
        elif old and not self.can_hold(field, old):
            why = LOST
        return not (why and self.leave(why, row, field.name))

    def can_hold(self, field: Any, old: Any) -> bool:
        """Return whether what a column held, a row or a file, is still there."""
        if isinstance(field, FileField):
            return field.storage.exists(old)
        return not field.is_relation or bool(self.there(field.related_model, [old]))

    def save(self, row: Model, held: list[tuple[Any, Any, Any]]) -> None:
        """Set columns back together, or else those that fit, one by one."""
        fields = []
        for field, old, new in held:
            if self.checked(row, field.name, [old, new]):
                setattr(row, field.attname, old if field.is_relation else field.to_python(old))
                fields.append(field)
        try:
            with transaction.atomic(using=self.using):
                row.save(using=self.using, update_fields=[field.name for field in fields])
            self.done |= {row_key(row)} if fields else set()
        except IntegrityError:
            row.refresh_from_db(using=self.using)
            if len(fields) == 1:
                self.leave(UNFIT, row, fields[0].name)
            for it in held if len(fields) > 1 else ():
                self.save(row, [it])

    def link(self, row: Model, name: str, changed: list[tuple[Any, bool]]) -> None:
        """Make the links again that went, and remove those that came."""
        manager = getattr(row, name)
        now = set(manager.values_list("pk", flat=True))
        before = {key for key, was in changed if was}
        come = self.there(manager.model, before) - now
        go = now & {key for key, was in changed if not was}
        self.say_gone(GONE, row, name, {key for key, was in changed if not was} - now)
        lost = before - now - come
        if lost and (not come | go or not (now - go) | come):  # for none often means all
            self.say_gone(LOST, row, name, lost)
        elif come | go and self.allowed("change", row) and self.checked(row, name, [*come, *go]):
            manager.remove(*go)
            manager.add(*come)
            self.done.add(row_key(row))
            self.say_gone(WITHOUT, row, name, lost)

    def say_gone(self, why: Any, row: Model, name: str, keys: set[Any]) -> None:
        """Name those of these keys of a link that have no row any more."""
        model = getattr(row, name).model
        gone = sorted(
            self.names.get((name, key), str(key)) for key in keys - self.there(model, keys)
        )
        if gone:
            self.left[why].append(f"{row} ({labelled(label(type(row), name), ', '.join(gone))})")

    def restore(self, model: type[Model], it: Change) -> None:
        """Make a deleted row again as it was, with what it led to where that is there."""
        name = str(name_of(model, it.object_name))
        is_known = TRACKED[model].restorable and it.values
        if not is_known or self.there(model, [it.object_key]):
            self.left[DELETED] += [] if TRACKED[model].part_of else [name]
            return
        row = model(pk=model._meta.pk.to_python(it.object_key))
        for field in fields_of(model):
            old = it.keys.get(field.name, it.values.get(field.name, [None]))[0]
            if old is not None and not self.can_hold(field, old):
                self.left[WITHOUT].append(f"{name} ({it.values[field.name][0]})")
                old = None
            old = "" if old is None and not field.null else old
            setattr(row, field.attname, old if field.is_relation else field.to_python(old))
        if not self.allowed("add", row):
            return
        found = {field: self.links_to(row, field, it) for field in links_of(model)}
        row.save(using=self.using, force_insert=True)
        for field, keys in found.items():
            getattr(row, field.name).add(*keys)
        self.done.add(row_key(row))

    def links_to(self, row: Model, field: Any, it: Change) -> set[Any]:
        """Return the keys that a row to be made again leads to; what is gone is said."""
        keys, names = (of.get(field.name, {}).get("removed", []) for of in (it.keys, it.values))
        there = self.there(field.related_model, keys)
        pairs = zip(keys, names, strict=True)
        lost = [name for key, name in pairs if key_of(field, key) not in there]
        self.left[WITHOUT] += [f"{it.object_name} ({name})" for name in lost]
        if lost and not there:
            self.checked(row, field.name, [])
        return there


def row_key(row: Model) -> Row:
    return type(row), str(row.pk)


def columns(it: Change) -> Iterator[tuple[Slot, Pair]]:
    for name, values in it.values.items():
        if not isinstance(values, dict):
            yield (name, ""), it.keys.get(name, values)


def links(it: Change) -> Iterator[tuple[Slot, Pair]]:
    """Yield which links came or went: whether they were there, and are."""
    for name, keys in it.keys.items():
        if isinstance(keys, dict):
            field = field_of(model_of(it), name)
            for what, pair in (("added", [False, True]), ("removed", [True, False])):
                yield from (((name, key_of(field, key)), pair) for key in keys.get(what, ()))


def link_names(it: Change) -> Iterator[tuple[tuple[str, Any], str]]:
    """Yield what links led to, by field and key, as it was called then."""
    for name, keys in it.keys.items():
        if isinstance(keys, dict):
            field = field_of(model_of(it), name)
            for what, some in keys.items():
                for key, called in zip(some, it.values[name].get(what, ()), strict=False):
                    yield (name, key_of(field, key)), str(called)


def key_of(field: Any, key: str) -> Any:
    return field.related_model._meta.pk.to_python(key)
