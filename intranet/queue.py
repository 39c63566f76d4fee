"""The queue: rows that are due are leased, then done or postponed, and purged in the end.

A lease is an attempt under way. The row is due again when the lease ends, so that the work of a
killed worker is taken up by another; whoever writes an outcome down asks for the rows `held`, which
are those that nobody took over meanwhile. Times are compared so that no clock can strand a row.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Self, TypeVar

from django.db import connections, transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

from .trace.phrases import Said

Row = TypeVar("Row", bound=Model)
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=10), timedelta(hours=1)  # doubled each time
AT_A_TIME = 500  # rows purged


def delay(
    attempts: int, first: timedelta = FIRST_DELAY, longest: timedelta = LONGEST_DELAY
) -> timedelta:
    """Return how long to wait after that many attempts, one at least."""
    wait: timedelta = first * 2 ** min(attempts - 1, 20)
    return min(wait, longest)


def has_come(field: str, longest: timedelta) -> Q:
    """Return the condition that a time is past, or further ahead than anything waits.

    The clock was set back then: what was to wait for minutes would wait for a day.
    """
    now = timezone.now()
    return Q(**{f"{field}__lte": now}) | Q(**{f"{field}__gt": now + longest})


class QueueQuerySet(QuerySet[Row]):
    """Rows with `attempts` and a time, in the column `at`, when they are due; some with `error`."""

    at = "due_at"
    first_delay, longest_delay = FIRST_DELAY, LONGEST_DELAY

    def ripe(self, longest: timedelta | None = None) -> Self:
        """Those whose time has come; `longest` is the longest that any of them waits."""
        return self.filter(has_come(self.at, longest or self.longest_delay))

    def lease(self, limit: int, term: timedelta, **values: object) -> list[Row]:
        """Take the first `limit` of these rows away from all other workers for `term`.

        `values` are written with that. Rows that another worker is taking are passed over.
        """
        # Else without a transaction, which would wait for those who write.
        return self.take(limit, term, **values) if self.exists() else []

    def take(self, limit: int, term: timedelta, **values: object) -> list[Row]:
        """Lease rows where it is known that there are some."""
        skip_locked = connections[self.db].features.has_select_for_update_skip_locked
        with transaction.atomic(using=self.db):
            rows = list(self.select_for_update(skip_locked=skip_locked)[:limit])
            values[self.at] = timezone.now() + term
            taken = self._all().filter(pk__in=[row.pk for row in rows])
            taken.update(attempts=F("attempts") + 1, **values)
        for row in rows:
            row.attempts += 1  # type: ignore[attr-defined]  # each model has its own
            for name, value in values.items():
                setattr(row, name, value)
        return rows

    def held(self, rows: Sequence[Row]) -> Self:
        """Those of the leased rows that no other worker took over."""
        if len(rows) == 1:  # as with each mail; this is compiled in half the time
            [row] = rows
            return self.filter(attempts=row.attempts, pk=row.pk)  # type: ignore[attr-defined]
        by_attempts: dict[int, list[object]] = defaultdict(list)
        for row in rows:
            by_attempts[row.attempts].append(row.pk)  # type: ignore[attr-defined]
        held = (Q(attempts=it, pk__in=keys) for it, keys in by_attempts.items())
        return self.filter(reduce(or_, held, Q(pk__in=[])))

    def postpone(self, row: Row, error: Said, **values: object) -> int:
        """Write down why a leased row could not be done, and have it wait, longer each time."""
        attempts: int = row.attempts  # type: ignore[attr-defined]
        wait = delay(attempts, self.first_delay, self.longest_delay)
        values[self.at] = timezone.now() + wait
        return self.held([row]).update(error=error, **values)

    def release(self, rows: Sequence[Row], **values: object) -> int:
        """Give leased rows back that were not tried: they are due now."""
        values = {self.at: timezone.now(), "attempts": F("attempts") - 1} | values
        return self.held(rows).update(**values) if rows else 0

    def _all(self) -> QuerySet[Row]:
        return QuerySet(self.model, using=self.db)


def purge(rows: QuerySet[Row], limit: int = AT_A_TIME) -> int:
    """Delete `limit` of the rows, so that nobody waits for it; return `limit` if there may be more.

    Else 0, so that a worker that has nothing else to do does not look again at once.
    """
    rows = rows if rows.query.is_sliced else rows.order_by()  # else it would sort all of them
    keys = list(rows.values_list("pk", flat=True)[:limit])
    doomed: QuerySet[Row] = QuerySet(rows.model, using=rows.db).filter(pk__in=keys)
    if keys:
        doomed.delete()
    return limit if len(keys) == limit else 0
