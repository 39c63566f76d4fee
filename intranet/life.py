"""Whether a worker is there: each says so now and then, beside an SQLite database.

So it can while somebody writes for long.
"""

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.core.cache import caches
from django.utils import timezone

from .trace.phrases import nphrase

logger = logging.getLogger(__name__)

EVERY = 120.0  # seconds between two signs of one process: elsewhere they are a few queries
SILENT = timedelta(minutes=6)
SIGN = "worker"
SAID = nphrase(
    "No worker has been at work for %(count)d minute.",
    "No worker has been at work for %(count)d minutes.",
)

_next = 0.0


def sign() -> None:
    """Say that a worker is at work; never raises."""
    global _next
    if monotonic() < _next:
        return
    _next = monotonic() + EVERY
    try:
        caches["progress"].set(SIGN, timezone.now(), None)
    except Exception as error:
        logger.warning("It cannot be seen that the worker is there: %s", error)


def silence(since: datetime | None = None) -> int:
    """Return for how many minutes no worker was at work, 0 where that is not long.

    Where none ever was, it is asked how long somebody waits, if anybody does.
    """
    try:
        seen = caches["progress"].get(SIGN) or since
    except Exception as error:  # whatever keeps it, such as a Redis, is away
        logger.warning("Whether a worker is there cannot be read: %s", error)
        return 0
    silent = timezone.now() - seen if seen else timedelta()
    return silent // timedelta(minutes=1) if silent >= SILENT else 0
