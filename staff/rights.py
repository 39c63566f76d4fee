"""Who may do what to whom, beyond Django's model permissions."""

from . import membership
from .models import User
from .roles import beyond, can_grant, permissions_of


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
