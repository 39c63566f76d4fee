"""Undoing an action by another: what it changed is set back where nobody changed it since.

Rows are saved, so that receivers see to what follows; links that receivers made are left to them.
"""

from collections import defaultdict
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.utils.translation import gettext

from .. import progress
from ..vetoes import Veto
from .action import Act, batched, collect
from .changes import CASCADED, TRACKED, delete, fields_to, rows_of
from .effects import undoing
from .models import Action, Change, Traced
from .phrases import phrase
from .rights import row_of
from .telling import Line, Section, named
from .way_back import (
    DELETED,
    SINCE,
    May,
    Pair,
    Row,
    Slot,
    WayBack,
    columns,
    link_names,
    links,
    row_key,
)
from .wording import field_of, model_of, name_of

Kind = Change.Kind
UNDOING = phrase("Undoing")


def undo(
    action: Action, may: May = lambda right, row: True, using: str = DEFAULT_DB_ALIAS
) -> "Undoing":
    """Undo an action, once, or raise Veto; what stays as it is, and why, is said by the plan.

    Of one that is undone in part, for something was changed since, the rest can be undone later.
    """
    with batched(using) as act, undoing():
        free = Action.objects.using(using).filter(pk=action.pk, undone_by=None)
        if not free.update(undone_by=act.id):
            raise Veto(gettext("This was undone already."))
        it = Undoing(action, act, may, using)
        it.run()
        if it.rest:
            Action.objects.using(using).filter(pk=action.pk).update(undone_by=None)
            act.store(using)
            Action.objects.using(using).filter(pk=act.id).update(undoes_part_of=action.pk)
        return it


def can_be_undone(action: Action) -> bool:
    """Return whether something was asked for that can be set back as far as the action goes."""
    if action.undone_by is not None:
        return False
    asked = action.changes.filter(cause="").exclude(kind=Kind.DELETED).exclude(values={})
    deleted = action.changes.filter(kind=Kind.DELETED)
    gone = set(deleted.values_list("content_type", "object_key"))
    return any(can_go_back(it, gone) for it in asked.iterator()) if gone else asked.exists()


def can_go_back(it: Change, gone: set[tuple[int, str]]) -> bool:
    """Return whether a change can be set back without the rows that are gone."""
    model = model_of(it)
    if it.kind == Kind.CREATED or model not in TRACKED or row_of(it) in gone:
        return it.kind == Kind.CREATED and row_of(it) not in gone

    def led(name: str, key: Any) -> bool:
        field = field_of(model, name)
        if not (key and field and field.is_relation):
            return False
        kind = ContentType.objects.get_for_model(field.related_model).pk
        return (kind, str(key)) in gone

    held = [not led(name, old) for (name, _key), (old, _new) in columns(it)]
    linked = [not (was and led(name, key)) for (name, key), (was, _is) in links(it)]
    return any([*held, *linked])


def can_be_restored(action: Action) -> bool:
    """Return whether an action deleted something that can be made again."""
    gone = action.changes.filter(kind=Kind.DELETED).exclude(values={}).values("content_type")
    models = [it.model_class() for it in ContentType.objects.filter(pk__in=gone)]
    restorable = [it for it in models if it in TRACKED and TRACKED[it].restorable]
    return action.undone_by is None and bool(restorable)


class Undoing(WayBack):
    """The changes of one action, on their way back."""

    def __init__(self, action: Action, act: Act, may: May, using: str):
        super().__init__(act.actor, may, using)
        self.action, self.act, self.is_whole = action, act, True
        self.created: dict[Row, bool] = {}  # and whether it is to be deleted by itself
        self.deleted: dict[Row, Change] = {}
        progress.expect(0, doing=UNDOING)
        self.changed: dict[Row, dict[Slot, Pair]] = defaultdict(dict)
        changes = list(Change.objects.using(using).filter(action=action).order_by("pk"))
        self.first, self.last = (changes[i].pk if changes else 0 for i in (0, -1))
        for it in changes:
            progress.advance(0)
            self.read(it)
        parts = Action.objects.using(using).filter(undoes_part_of=action.pk, undone_by=None)
        self.is_first = not parts.exists()
        for it in Change.objects.using(using).filter(action__in=parts.values("pk"), cause=""):
            self.forget(it)

    def read(self, it: Change) -> None:
        model = model_of(it)
        if model not in TRACKED:
            self.left[DELETED].append(str(name_of(model, it.object_name)))
        elif it.kind == Kind.CREATED:
            is_asked = bool(it.values) and not it.cause  # entries of Django's log have no values
            self.created[model, it.object_key] = is_asked and not TRACKED[model].part_of
        elif it.kind == Kind.DELETED:
            self.deleted[model, it.object_key] = it
        else:
            slots = self.changed[model, it.object_key]
            self.names |= dict(link_names(it))
            for slot, (old, new) in [*columns(it), *([] if it.cause else links(it))]:
                slots.setdefault(slot, [old, new])[1] = new

    def forget(self, it: Change) -> None:
        """Leave alone by now what was undone already, with another part."""
        if not (model := model_of(it)):
            return
        row = model, it.object_key
        self.deleted.pop(row, None)
        for slot, _pair in [*columns(it), *links(it)]:
            self.changed.get(row, {}).pop(slot, None)

    def run(self) -> None:
        rows = [it for it in self.changed if it not in self.created.keys() | self.deleted.keys()]
        progress.expect(len(self.deleted) + len(rows), doing=UNDOING)
        for (model, _key), it in sorted(self.deleted.items(), key=lambda it: is_part(it[0][0])):
            self.restore(model, it)  # what is part of a row after that
            progress.advance()
        for model in dict.fromkeys(model for model, _key in rows):
            keys = [key for it, key in rows if it is model]
            found = rows_of(model, self.using, pk__in=keys).select_for_update(of=("self",))
            for row in found:
                self.set_back(row, self.changed[model, str(row.pk)])
                progress.advance()
        for model in dict.fromkeys(model for model, _key in reversed(self.created)):
            self.delete_created(model)
        self.give_back()
        if self.refused:
            raise Veto(f"{named(gettext('You may not do this to'), self.refused)}.")
        left = [str(named(why, names)) for why, names in self.left.items() if names]
        if not self.done:
            raise Veto(". ".join([gettext("There is nothing left to undo"), *left]) + ".")
        collect("left", left, self.using)
        if not self.left[DELETED]:  # what was written of that stays true
            self.take_back_effects()

    def give_back(self) -> None:
        """Make links again that receivers took along, though they were there before the action."""
        by_receivers = [
            it for it in self.act.collected("changes", self.using) if it.cause not in ("", CASCADED)
        ]
        rows = {it.object_key for it in by_receivers}
        since = Change.objects.using(self.using).filter(object_key__in=rows, pk__gte=self.first)
        came = {(*row_of(it), *slot) for it in since for slot, (_old, new) in links(it) if new}
        for it in by_receivers:
            for (name, key), (old, _) in links(it):
                model = model_of(it)
                if model and old and (*row_of(it), name, key) not in came:
                    for row in rows_of(model, self.using, pk=it.object_key):
                        getattr(row, name).add(key)

    def delete_created(self, model: type[Model]) -> None:
        """Delete the rows that were created, but for those that were changed or used since."""
        keys = [key for (it, key), alone in self.created.items() if alone and it is model]
        used, doomed = self.used(model, keys), []
        for row in rows_of(model, self.using, pk__in=keys):
            if str(row.pk) in used:
                self.left[SINCE].append(str(row))
                self.rest.add(row_key(row))
                self.is_whole = False
            elif self.allowed("delete", row):
                doomed.append(row.pk)
                self.done.add(row_key(row))
        if doomed:
            progress.expect(len(doomed), model, UNDOING)
            delete(model._default_manager.using(self.using).filter(pk__in=doomed))

    def used(self, model: type[Model], keys: list[str]) -> set[str]:
        """Return the keys of rows that were changed since, for good, or that others lead to."""
        found, own = set(), {model: {key: key for key in keys}}
        for field in fields_to(model):
            by = field.model
            leading = by._base_manager.using(self.using).filter(**{f"{field.name}__in": keys})
            for pk, key in leading.values_list("pk", field.name):
                if (by, str(pk)) not in self.created:
                    found.add(str(key))
                elif TRACKED[by].part_of == field.name:
                    own.setdefault(by, {})[str(pk)] = str(key)
        every = Action.objects.using(self.using).exclude(undone_by=None)
        undone = every.exclude(undone_by__in=every.values("pk"))  # and not done again since
        partial = Action.objects.using(self.using).exclude(undoes_part_of=None)
        parts = partial.filter(undoes_part_of__in=undone.values("pk"))
        for it, owners in own.items():
            asked = Change.objects.using(self.using).filter(cause="", pk__gt=self.last)
            asked = asked.exclude(action__in=parts)
            for name in ("pk", "undone_by"):
                asked = asked.exclude(action__in=undone.values(name))
            kind = ContentType.objects.db_manager(self.using).get_for_model(it)
            since = asked.filter(content_type=kind, object_key__in=owners)
            found |= {owners[key] for key in since.values_list("object_key", flat=True)}
        return found

    def take_back_effects(self) -> None:
        back: list[Line] = []
        for model in apps.get_models():
            if issubclass(model, Traced):
                rows = model._base_manager.using(self.using).filter(action=self.action)
                taken, gone = model.take_back(rows, self.is_whole)
                back += taken
                collect("left", gone, self.using)
        collect("sections", [Section(gettext("Taken back"), back)], self.using)


def is_part(model: type[Model]) -> bool:
    return bool(TRACKED[model].part_of)
