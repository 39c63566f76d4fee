"""How often receivers ran and failed, by day: counted in memory, stored now and then."""

import logging
from datetime import timedelta
from threading import Lock
from time import monotonic, perf_counter
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet, Sum
from django.utils import timezone

from ..locks import AT_ONCE, waiting
from ..wording import words_of
from .models import ReceiverDay
from .wiring import Counted

logger = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two times that one process stores what it counted
KEPT = 30  # days

_storing = Lock()
_stored: dict[Counted, tuple[int, int, float]] = {}
_next = monotonic() + EVERY


def store_now_and_then() -> bool:
    """Store what was counted if the time has come, and never within a transaction of others."""
    global _next
    if monotonic() < _next or connection.in_atomic_block:
        return False
    _next = monotonic() + EVERY
    store()
    return True


def store() -> None:
    """Add what was counted since the last time to the rows of today; never raises.

    What cannot be stored now, as on a database that is not migrated yet, is the next time.
    """
    with _storing:
        numbers = {it: it.numbers() for it in list(Counted.by_uid.values())}
        new = {it.uid: it for it, now in numbers.items() if now != _stored.get(it, (0, 0, 0.0))}
        try:
            if new:
                with waiting(AT_ONCE):
                    _add(new, numbers)
        except DatabaseError as error:
            logger.debug("What receivers did is not stored yet: %s", words_of(error))
        else:
            _stored.update(numbers)


@transaction.atomic
def _add(new: dict[str, Counted], numbers: dict[Counted, tuple[int, int, float]]) -> None:
    today, rows = timezone.localdate(), ReceiverDay.objects
    fresh = [ReceiverDay(receiver=name, day=today) for name in new]
    rows.bulk_create(fresh, ignore_conflicts=True)
    days = list(rows.select_for_update().filter(day=today, receiver__in=new).order_by("pk"))
    for day in days:
        it = new[day.receiver]
        runs, failures, seconds = _stored.get(it, (0, 0, 0.0))
        day.runs += numbers[it][0] - runs
        day.failures += numbers[it][1] - failures
        day.seconds += numbers[it][2] - seconds
        day.last_run_at = timezone.now() - timedelta(seconds=perf_counter() - it.ended_at)
        day.last_error = it.error or day.last_error
    rows.bulk_update(days, ["runs", "failures", "seconds", "last_run_at", "last_error"])


def purge() -> None:
    """Forget the days that nobody is shown any more."""
    ReceiverDay.objects.filter(day__lte=timezone.localdate() - timedelta(days=KEPT)).delete()


def failing() -> QuerySet[ReceiverDay]:
    """Return the days, today's and yesterday's, of the receivers that failed since yesterday."""
    since = timezone.localdate() - timedelta(days=1)
    return ReceiverDay.objects.filter(day__gte=since, failures__gt=0).order_by("receiver", "day")


def failing_now() -> QuerySet[ReceiverDay]:
    """Return the latest of these days, one for each such receiver."""
    later = failing().filter(receiver=OuterRef("receiver"), day__gt=OuterRef("day"))
    return failing().filter(~Exists(later))


def totals() -> dict[str, dict[str, Any]]:
    """Return the "last" run, "ran", "failed", "took" and "mean" (ms) of each receiver, by uid."""
    since = timezone.localdate() - timedelta(days=KEPT)
    rows = ReceiverDay.objects.filter(day__gt=since, runs__gt=0).values("receiver")
    rows = rows.annotate(
        last=Max("last_run_at"), ran=Sum("runs"), failed=Sum("failures"), took=Sum("seconds")
    )
    return {row["receiver"]: dict(row) for row in rows.annotate(mean=F("took") / F("ran") * 1000)}
