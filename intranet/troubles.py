"""Work that failed: it waits, longer each time, while whatever is behind it goes on.

The admins are told once of each trouble. It is forgotten when the work succeeds or is due no more.
"""

import logging
from collections.abc import Callable

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html

from .models import Trouble
from .outbox.notices import notify_admins
from .waiting import delay
from .wording import words_of

logger = logging.getLogger(__name__)

FAILURES = BaseException  # what work raises ends no worker; Ctrl-C and SIGTERM raise nothing
AT_A_TIME = 100
ADVICE = (
    "It is tried again by itself, soon at first and then every hour. You are told only this once. "
    "For whoever looks after the site:"
)


class Noted(Exception):
    """Some work failed and was noted; what is behind it need not wait."""


def do_next(
    kind: str, due: QuerySet, work: Callable[..., bool], failed: Callable[..., None]
) -> int:
    """Do `work(pk)` for the first of the `due` rows for which it answers True; return 0 or 1.

    Where it raises, `failed(pk, error)` notes that and the row waits; Noted is raised in the end.
    """
    waiting, failure, done = _waiting(kind, due), None, False
    for pk in list(due.exclude(pk__in=waiting).values_list("pk", flat=True)[:AT_A_TIME]):
        try:
            done = work(pk)
        except FAILURES as error:
            failed(pk, error)
            failure = error
        if done:
            break
    if failure:
        raise Noted from failure
    return int(done)


def _waiting(kind: str, due: QuerySet) -> list[str]:
    """Return the keys of the rows that wait; forget the troubles of those that are due no more."""
    troubles = list(Trouble.objects.filter(kind=kind))
    if not troubles:
        return []
    keys = due.filter(pk__in=[trouble.key for trouble in troubles]).values_list("pk", flat=True)
    still_due = set(map(str, keys))
    over = [trouble.pk for trouble in troubles if trouble.key not in still_due]
    Trouble.objects.filter(pk__in=over).delete()
    return [trouble.key for trouble in troubles if trouble.waits]


def note(
    kind: str, key, error: BaseException, message: str, *, says="", url="", done_about=""
) -> None:
    """Write down that work failed, and tell the admins if they do not know; never raises.

    `message` is one plain sentence, `says` another one about what follows. `done_about` is what
    was done about it, to be undone when it is over.
    """
    logger.error("%s (%s %s)", message, kind, key, exc_info=error)
    words = words_of(error)
    try:
        trouble = _write(kind, str(key), words, done_about)
        if isinstance(error, OperationalError) and trouble.attempts == 1:
            return  # a lock or a lost connection, most likely over at the next attempt
        with transaction.atomic():
            if Trouble.objects.filter(pk=trouble.pk, told_at=None).update(told_at=timezone.now()):
                detail = format_html("<p>{}</p><p>{}</p><p>{}</p>", says, ADVICE, words)
                notify_admins(message, detail=detail, url=url)
    except FAILURES:
        logger.exception("This could not be noted, or the admins could not be told.")


@transaction.atomic
def _write(kind: str, key: str, error: str, done_about: str) -> Trouble:
    trouble, _ = Trouble.objects.select_for_update().get_or_create(kind=kind, key=key)
    trouble.attempts += 1
    trouble.next_attempt_at = timezone.now() + delay(trouble.attempts)
    trouble.error, trouble.done_about = error, done_about or trouble.done_about
    trouble.save()
    return trouble


def forget(kind: str, key) -> None:
    """Forget a trouble, if there is one."""
    Trouble.objects.filter(kind=kind, key=str(key)).delete()
