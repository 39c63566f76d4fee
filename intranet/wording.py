"""Numbers and times in sentences."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timesince import timesince


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return "1 mail" or "3 mails"; `plural` when it is more than `singular` with an s."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def when_files_go(what: str) -> str:
    """Return when the files go that `what` ("the deletion") leaves over."""
    grace = settings.FILE_REMOVAL_GRACE
    if grace < 60:
        return f"within a minute of {what}" if grace else f"once {what} is done"
    start = datetime(2000, 1, 1)
    return f"{timesince(start, start + timedelta(seconds=grace))} after {what}".replace("\xa0", " ")
