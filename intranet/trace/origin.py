"""Why a row is being deleted, and what receivers keep about one deletion while it runs.

Django hands every pre_delete and post_delete receiver an `origin`: the instance for
`obj.delete()`, the QuerySet for a bulk delete, and for a cascade whichever of the two started it.
One deletion has one origin object, shared by all its signals.
"""

from typing import Any
from weakref import WeakValueDictionary, ref

from django.db import transaction
from django.db.models import CASCADE, Model, QuerySet

Origin = Model | QuerySet[Model]


def started_on(origin: Origin, model: type[Model]) -> bool:
    """Return whether the deletion was asked for on `model`, not reached by a cascade."""
    asked = origin if isinstance(origin, Model) else origin.model
    return asked._meta.concrete_model is model._meta.concrete_model


def chosen_keys(origin: Origin, using: str) -> list[object] | QuerySet[Model, Any]:
    """Return the keys of the rows whose deletion was asked for, as `pk__in` takes them."""
    return [origin.pk] if isinstance(origin, Model) else origin.using(using).values("pk")


def ways_from(origin: Origin, model: type[Model]) -> list[str]:
    """Return the lookups by which rows of `model` are chosen, or belong to a chosen row.

    Whatever else a cascade reaches is known only when it comes to it, row by row.
    """
    chosen = type(origin) if isinstance(origin, Model) else origin.model
    ways = ["pk"] if issubclass(chosen, model) else []
    for key in model._meta.concrete_fields:
        if key.related_model and issubclass(chosen, key.related_model):
            cascades = key.remote_field and key.remote_field.on_delete is CASCADE
            ways += [f"{key.name}__pk"] if cascades else []
    return ways


class _Deletion:
    """The facts kept about one deletion, by key and primary key."""

    def __init__(self, origin: Origin):
        self.origin = ref(origin)
        self.facts: dict[str, dict[object, Any]] = {}

    def end(self) -> None:
        self.facts.clear()


# By the id of their origins. Only the transaction holds them, by its commit hook: a rollback, of a
# savepoint too, drops the hook and with it what was remembered.
_running: WeakValueDictionary[int, _Deletion] = WeakValueDictionary()


def _deletion(origin: Origin) -> _Deletion | None:
    deletion = _running.get(id(origin))
    return deletion if deletion and deletion.origin() is origin else None


def remember(origin: Origin, key: str, pk: object, facts: Any, using: str) -> None:
    """Keep `facts` about a row until the deletion that `origin` stands for is committed or not."""
    deletion = _deletion(origin)
    if deletion is None:
        deletion = _running[id(origin)] = _Deletion(origin)
        transaction.on_commit(deletion.end, using=using)
    deletion.facts.setdefault(key, {})[pk] = facts


def remembered(origin: Origin, key: str) -> dict[object, Any]:
    """Return the facts kept under `key` so far, by primary key, without forgetting them."""
    deletion = _deletion(origin)
    return deletion.facts.get(key, {}) if deletion else {}


def recall(origin: Origin, key: str) -> list[Any]:
    """Return all facts kept under `key`, once: a second call for the same deletion gets none.

    All pre_delete signals of a deletion come before its first post_delete, so a post_delete
    receiver that calls this speaks for the whole deletion at once. The deletion is over when all
    is told: should the same origin be deleted again, that is another one.
    """
    if not (deletion := _deletion(origin)):
        return []
    found = deletion.facts.pop(key, {})
    if not deletion.facts:
        _running.pop(id(origin), None)
    return list(found.values())
