"""Who may do what to whom, beyond Django's model permissions."""

from django.contrib.auth.models import Group
from django.utils import timezone
from django.utils.translation import gettext as _

from intranet.access.held import permissions_of
from intranet.vetoes import Veto

from . import membership
from .models import Department, Profile, User
from .roles import beyond, can_grant


def can_touch(actor, user: User) -> bool:
    """Return whether `actor` may edit `user`: only superusers touch superusers."""
    return actor.is_superuser or not user.is_superuser


def can_remove(actor, user: User) -> bool:
    """Return whether `actor` may delete or deactivate `user`: never themselves."""
    return can_touch(actor, user) and actor.pk != user.pk


def can_readdress(actor, user: User) -> bool:
    """Return whether `actor` may change the e-mail address of `user`.

    Whoever reads somebody's mail can set their password, so it takes all the rights they have.
    """
    if actor.is_superuser or actor.pk == user.pk:
        return True
    lacking = beyond(actor).filter(pk__in=permissions_of(user).values("pk"))
    return can_touch(actor, user) and not lacking.exists()


def can_edit_group(actor, group) -> bool:
    """Return whether `actor` may change or delete `group`: not their own, nor one above them."""
    if actor.is_superuser:
        return True
    return can_grant(actor, [group]) and not group.user_set.filter(pk=actor.pk).exists()


def can_equip(actor, department, groups) -> bool:
    """Return whether `actor` may give a department `groups` or take them: not their own."""
    if actor.is_superuser or not groups:
        return True
    own = department.pk and actor.pk in membership.members([department])
    return can_grant(actor, groups) and not own


def may_undo(actor, row, field: str, values: list) -> bool:
    """Return whether `actor` may set a field back: as on the page of the row."""
    match row, field:
        case User(), "groups":
            return can_grant(actor, Group.objects.filter(pk__in=values), to=row)
        case User(), "is_active" | "is_staff":
            return can_remove(actor, row)
        case User(), "email" | "username":
            return can_readdress(actor, row)
        case User(), "is_superuser" | "user_permissions":
            return actor.is_superuser
        case Profile(), "department":
            old, new = map(membership.groups_of, values)
            return can_grant(actor, old ^ new, to=row.user)
        case Department(), "groups":
            return can_equip(actor, row, Group.objects.filter(pk__in=values))
        case Group(), "permissions":
            held = permissions_of(actor).filter(pk__in=values)
            return actor.is_superuser or held.count() == len(values)
    return True


def is_ahead(values: list) -> bool:
    """Return whether a day can be set back: to none, or to one that is to come."""
    return bool(values) and (not values[0] or values[0] > timezone.localdate().isoformat())


def why_not_undone(actor, row, field: str, values: list) -> str:
    """Return why a field stays as it is when an action is undone; Veto where one may not."""
    if field in ("invite_on", "left_on") and not is_ahead(values):  # the worker would do it soon
        return _("Stays so, the day has come")
    if field == "departed_at":
        text = _(
            "“Bring back” undoes a leaving, “Record leaving…” that, on the page of %(person)s."
        )
        raise Veto(text % {"person": row})
    if actor and not may_undo(actor, row, field, values):
        raise Veto(_("You may not give or take these rights: %(name)s.") % {"name": row})
    return _("Stays so, sessions that ended") if field == "sessions_ended_at" else ""
