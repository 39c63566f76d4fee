"""Who signed in, who signed out and who failed to."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from intranet.access.signing_in import client_address

from .models import SignIn, User

BATCH = 500
UNKNOWN_KEPT = 1000  # newest failures of names nobody has; anybody can make more of them


def record(kind: str, username: str, request, user: User | None = None) -> None:
    """Write down what happened; `request` may be None, as in a shell."""
    agent = request.META.get("HTTP_USER_AGENT", "") if request else ""
    SignIn.objects.create(
        user=user,
        kind=kind,
        username=clean(username, 150),
        address=client_address(request) if request else None,
        user_agent=clean(agent, 200),
    )


def record_failure(username: str, request) -> None:
    """Write a failure down, but not the ones that were not even looked at: they have no end."""
    if getattr(request, "axes_locked_out", False):
        return
    user = User.objects.filter(username=clean(username, 150)).first()
    record(SignIn.Kind.FAILED, username, request, user)


def clean(text: str, longest: int) -> str:
    return text.replace("\0", "")[:longest]


def purge() -> int:
    """Delete a piece of what is too old, or one name too many; return how many rows that were."""
    oldest = timezone.now() - timedelta(days=settings.SIGN_IN_KEEP_DAYS)
    old = SignIn.objects.filter(at__lt=oldest)[:BATCH]
    surplus = SignIn.objects.filter(user=None)[UNKNOWN_KEPT : UNKNOWN_KEPT + BATCH]
    keys = {key for rows in (old, surplus) for key in rows.values_list("pk", flat=True)}
    return SignIn.objects.filter(pk__in=keys).delete()[0] if keys else 0
