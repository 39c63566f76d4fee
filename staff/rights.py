"""Who may do what to whom, beyond Django's model permissions."""

from .models import User


def can_touch(actor, user: User) -> bool:
    """Return whether `actor` may edit `user`: only superusers touch superusers."""
    return actor.is_superuser or not user.is_superuser


def can_remove(actor, user: User) -> bool:
    """Return whether `actor` may delete or deactivate `user`: never themselves."""
    return can_touch(actor, user) and actor.pk != user.pk
