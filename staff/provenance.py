"""Where somebody's rights come from: from being there, from a department, or given by hand."""

from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Permission

from . import membership, roles


@dataclass(frozen=True)
class Source:
    """A bundle of rights: what it is called, how the person came by it, and what it allows."""

    name: str
    origin: str
    rights: str


def sources(user, viewer) -> list[Source]:
    """Return where the rights of `user` come from.

    What was given by hand beside groups is for superusers to know.
    """
    found = _from_groups(user)
    if viewer.is_superuser:
        found += _by_hand(user)
    return found


def _from_groups(user) -> list[Source]:
    profile = getattr(user, "profile", None)
    department = profile and profile.group_source_id and profile.department
    inherited = membership.groups_of(department and department.pk, "default")

    def origin(group):
        if group.name == settings.STAFF_DEFAULT_GROUP:
            return "everybody is in it"
        if group in inherited:
            return f"from the department {department}"
        return "given by hand"

    groups = user.groups.order_by("name").prefetch_related("permissions__content_type")
    return [
        Source(group.name, f"{_kind(group)}, {origin(group)}", in_words(group.permissions.all()))
        for group in groups
    ]


def _kind(group) -> str:
    return "role" if group.name in roles.roles() else "group"


def _by_hand(user) -> list[Source]:
    found = [Source("Superuser", "given by hand", "everything")] if user.is_superuser else []
    if alone := list(user.user_permissions.select_related("content_type")):
        found.append(Source("Without a group", "given by hand", in_words(alone)))
    return found


def in_words(permissions: list[Permission]) -> str:
    """Return what permissions allow: "people (add, change), posts (view)"."""
    models, others = defaultdict(list), []
    for permission in permissions:
        do, _, model = permission.codename.partition("_")
        kind = permission.content_type.model_class()
        if kind and model == permission.content_type.model:
            models[str(kind._meta.verbose_name_plural)].append(do)
        else:
            others.append(permission.name)
    allowed = [f"{name} ({', '.join(sorted(does))})" for name, does in sorted(models.items())]
    return ", ".join(allowed + sorted(others)) or "nothing by itself"
