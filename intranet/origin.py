"""Why a row is being deleted.

Django hands every pre_delete and post_delete receiver an `origin`: the instance for
`obj.delete()`, the QuerySet for a bulk delete, and for a cascade whichever of the two started it.
One deletion has one origin object, shared by all its signals.
"""

from django.db.models import Model, QuerySet


def origin_model(origin) -> type[Model]:
    """Return the model on which the deletion was asked for."""
    return origin._meta.model if isinstance(origin, Model) else origin.model


def started_on(origin, model: type[Model]) -> bool:
    """Return whether the deletion was asked for on `model`, not reached by a cascade."""
    return origin_model(origin)._meta.concrete_model is model._meta.concrete_model


def chosen_keys(origin, using: str) -> list | QuerySet:
    """Return the keys of the rows whose deletion was asked for, as `pk__in` takes them."""
    return [origin.pk] if isinstance(origin, Model) else origin.using(using).values("pk")


def remember(origin, key: str, pk, facts) -> None:
    """Keep `facts` about a row until the deletion that `origin` stands for has gone through."""
    origin.__dict__.setdefault("_deleted_facts", {}).setdefault(key, {})[pk] = facts


def remembered(origin, key: str) -> dict:
    """Return the facts kept under `key` so far, by primary key, without forgetting them."""
    return origin.__dict__.get("_deleted_facts", {}).get(key, {})


def recall(origin, key: str) -> list:
    """Return all facts kept under `key`, once: a second call for the same deletion gets none.

    All pre_delete signals of a deletion come before its first post_delete, so a post_delete
    receiver that calls this speaks for the whole deletion at once.
    """
    return list(origin.__dict__.get("_deleted_facts", {}).pop(key, {}).values())
