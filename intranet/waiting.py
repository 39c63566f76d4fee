"""How long what failed waits, and when its time has come, whatever the clock does."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=10), timedelta(hours=1)  # doubled each time


def delay(attempts: int, first=FIRST_DELAY, longest=LONGEST_DELAY) -> timedelta:
    """Return how long to wait after that many attempts, one at least."""
    return min(first * 2 ** min(attempts - 1, 20), longest)


def has_come(field: str, longest: timedelta) -> Q:
    """Return the condition that a time is past, or further ahead than anything waits.

    The clock was set back then: what was to wait for minutes would wait for a day.
    """
    now = timezone.now()
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": now + longest})
