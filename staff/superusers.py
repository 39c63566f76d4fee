"""The rule that the site keeps at least one active superuser, whoever changes what."""

from django.contrib.auth import get_user_model

from intranet.trace.phrases import phrase
from intranet.vetoes import Veto

FIELDS = frozenset({"is_active", "is_superuser"})  # what makes an active superuser


class LastSuperuserError(Veto):
    """The change would leave nobody who can do everything."""

    def __init__(self):
        super().__init__(phrase("This is the last active superuser: make somebody else one first."))


def lock(using: str) -> set[int]:
    """Return the keys of the active superusers, whose rows stay locked until the commit.

    Two transactions that each take one of two superusers away meet here: the second waits, then
    sees what the first one left.
    """
    superusers = get_user_model()._default_manager.using(using).superusers().order_by("pk")
    return set(superusers.select_for_update().values_list("pk", flat=True))


def keep_some(before: set[int], using: str) -> None:
    """Raise LastSuperuserError when there are no active superusers left of those `before`."""
    if before and not get_user_model()._default_manager.using(using).superusers().exists():
        raise LastSuperuserError
