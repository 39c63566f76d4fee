"""Roles as data, and who may give which group to whom."""

from django.apps import apps as installed_apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, connections

from intranet.access.held import permissions_of

from .asking import asked_once


def every(*models: str, actions=("view", "add", "change", "delete")) -> set[str]:
    """Return the permissions for `actions` on each "app.model"."""
    return {
        f"{app}.{action}_{model}"
        for app, model in (name.split(".") for name in models)
        for action in actions
    }


EVERYBODY, HR, EDITORS = "everybody", "HR", "Editors"
_permissions = {
    EVERYBODY: every("staff.profile", actions=["view"]),
    HR: every("staff.user", "staff.profile", "staff.department")
    | every("intranet.mail", "intranet.fileremoval", actions=["view", "change"])
    | every("intranet.notice", "intranet.filefault", "staff.signin", actions=["view"])
    | {"intranet.receive_notices"},
    EDITORS: set(),
}


def grant(role: str, permissions: set[str]) -> None:
    """Add permissions on the models of a floor above to a role."""
    _permissions[role] |= permissions


def roles() -> dict[str, set[str]]:
    """Return the permissions ("app.codename") of each role, by group name."""
    everybody = _permissions[EVERYBODY]
    higher = {role: everybody | _permissions[role] for role in (HR, EDITORS)}
    return {settings.STAFF_DEFAULT_GROUP: everybody, **higher}


@asked_once
def default_group(using: str = DEFAULT_DB_ALIAS) -> Group:
    """Return the group everybody is in."""
    name = settings.STAFF_DEFAULT_GROUP
    with connections[using].cursor() as cursor:  # by hand, for each new person's sake
        cursor.execute("SELECT id, name FROM auth_group WHERE name = %s", [name])
        row = cursor.fetchone()
    if row:
        return Group.from_db(using, ["id", "name"], row)
    return Group.objects.using(using).get_or_create(name=name)[0]


def sync_roles(app_config, using: str, apps=installed_apps) -> None:
    """Bring the groups and permissions of all roles in step with `roles()`."""
    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.using(using).select_related("content_type")
    }
    for name, wanted in roles().items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set(known[code] for code in wanted if code in known)


def can_grant(actor, groups, to=None) -> bool:
    """Return whether `actor` may give `groups` to (or take them from) the person `to`.

    Superusers may. Anybody else may only give groups whose permissions they hold themselves, and
    never to themselves nor to a superuser.
    """
    if actor.is_superuser:
        return True
    if to is not None and (to.is_superuser or (groups and to.pk == actor.pk)):
        return False
    return holds(actor, frozenset(groups))


@asked_once
def holds(actor, groups: frozenset[Group]) -> bool:
    """Return whether `actor`, who is no superuser, holds all permissions of these groups."""
    return not beyond(actor).filter(group__in=groups).exists()


def beyond(actor):
    """Return the permissions that `actor`, who is no superuser, lacks."""
    return Permission.objects.exclude(pk__in=permissions_of(actor).values("pk")).order_by()
