"""Numbers, times and errors in sentences."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timesince import timesince

MAX_WORDS = 2000  # characters of an error


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return "1 mail" or "3 mails"; `plural` when it is more than `singular` with an s."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def words_of(error: BaseException) -> str:
    """Return "ValueError: no such file", as every database can keep it."""
    kind = type(error).__name__
    try:
        words = f"{kind}: {error}"
    except Exception:  # its __str__ is what failed
        words = kind
    return words.encode(errors="backslashreplace").decode().replace("\0", "")[:MAX_WORDS]


def when_files_go(what: str) -> str:
    """Return when the files go that `what` ("the deletion") leaves over."""
    grace = settings.FILE_REMOVAL_GRACE
    if grace < 60:
        return f"within a minute of {what}" if grace else f"once {what} is done"
    start = datetime(2000, 1, 1)
    return f"{timesince(start, start + timedelta(seconds=grace))} after {what}".replace("\xa0", " ")
