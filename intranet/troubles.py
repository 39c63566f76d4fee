"""Work on rows of any model that are due: leased in a table of its own, told about when it fails.

What fails waits, longer each time, while whatever is behind it goes on. The admins are told once
of each trouble. It is forgotten when the work succeeds or is due no more.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from django.db import OperationalError, transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .locks import is_busy
from .models import Trouble
from .outbox.notices import notify_admins, said
from .trace import counts
from .trace.models import ReceiverDay
from .trace.phrases import Phrase, Said, nphrase, phrase
from .trace.signal_map import effect_of
from .vetoes import Noted, Veto
from .wording import said_of

logger = logging.getLogger(__name__)

FAILURES = BaseException  # what work raises ends no worker; Ctrl-C and SIGTERM raise nothing
AT_A_TIME = 100
TERM = timedelta(minutes=2)  # of a lease; work that takes longer finds itself done or locked
ADVICE = gettext_lazy(
    "It is tried again by itself, soon at first and then every hour. You are told only this once. "
    "For whoever looks after the site:"
)
BUSY = phrase("The database was busy.")
UNKNOWN = phrase("Something unexpected happened. The log of the site says what.")
FAILED = gettext_lazy(
    "What it belonged to was undone as a whole, or is tried again by itself. You are told once a "
    "day. For whoever looks after the site:"
)


def work_off(
    kind: str, due: QuerySet, work: Callable[[int], bool], explain: Callable[..., dict]
) -> int:
    """Do `work(pk)` for the first of the `due` rows for which it answers True; return 0 or 1.

    Where it raises, the row waits and the admins are told what `explain(pk, error)` returns: the
    arguments of `note`. Noted is raised in the end.
    """
    done, failure = False, None
    if not _enlist(kind, due):
        return 0
    waiting = Trouble.objects.filter(kind=kind).order_by("pk")
    while not done and (leased := waiting.ripe().lease(1, TERM)):
        key = leased[0].key
        try:
            done = work(int(key))
        except FAILURES as error:
            if is_busy(error):  # nothing could be written down either: the lease will end
                raise
            failure = error
            note(kind, key, error, explain, leased[0])
        else:
            Trouble.objects.held(leased).delete()
    if failure:
        raise Noted from failure
    return int(done)


def _enlist(kind: str, due: QuerySet) -> bool:
    """Have a row in the queue for each of the `due`, forget those that are due no more.

    Return whether there are any.
    """
    known = set(Trouble.objects.filter(kind=kind).values_list("key", flat=True))
    new = due.order_by().exclude(pk__in=known).values_list("pk", flat=True)[:AT_A_TIME]
    rows = [Trouble(kind=kind, key=str(pk)) for pk in new]
    if rows:
        Trouble.objects.bulk_create(rows, ignore_conflicts=True)
    if known:
        still_due = set(map(str, due.filter(pk__in=known).values_list("pk", flat=True)))
        Trouble.objects.filter(kind=kind, key__in=known - still_due).delete()
    return bool(rows or known)


def errors(kind: str, keys: Iterable) -> dict[str, str]:
    """Return why work failed, by its keys as text; what has not failed is left out."""
    failed = Trouble.objects.filter(kind=kind, key__in=[*map(str, keys)]).exclude(error="")
    return dict(failed.values_list("key", "error"))


def error_of(kind: str, key) -> str:
    """Return why some work failed; empty if it did not."""
    return errors(kind, [key]).get(str(key), "")


def note(kind: str, key, error: BaseException, explain, trouble: Trouble | None = None) -> None:
    """Write down that work failed, and tell the admins if they do not know; never raises.

    `explain(key, error)` returns a dict: `message`, which says one plain sentence in the language
    of whoever is told, and, if need be, `says`, which says what follows, and `url`. `trouble` is
    the leased row, if there is one.
    """
    logger.error("%s %s failed", kind, key, exc_info=error)
    try:
        trouble = trouble or _attempt(kind, str(key))
        words = said_of(error)
        Trouble.objects.postpone(trouble, _plainly(error))
        told = {"says": "", "url": ""} | explain(key, error)
        if isinstance(error, OperationalError) and trouble.attempts == 1:
            return  # a lock or a lost connection, most likely over at the next attempt

        def detail() -> str:
            return format_html("<p>{}</p><p>{}</p><p>{}</p>", said(told["says"]), ADVICE, words)

        with transaction.atomic():
            if Trouble.objects.filter(pk=trouble.pk, told_at=None).update(told_at=timezone.now()):
                notify_admins(told["message"], detail=detail, url=told["url"])
    except FAILURES:
        logger.exception("This could not be noted, or the admins could not be told.")


def _plainly(error: BaseException) -> Said:
    """Return what is kept of an error, in words that HR understands."""
    if is_busy(error):
        return BUSY
    said = str(error) if isinstance(error, Veto) else said_of(error)
    return said if isinstance(error, Veto) or isinstance(said, Phrase) else UNKNOWN


def _attempt(kind: str, key: str) -> Trouble:
    """Return the row of work that was not leased, with this attempt counted."""
    trouble, _created = Trouble.objects.get_or_create(kind=kind, key=key)
    Trouble.objects.filter(pk=trouble.pk).update(attempts=F("attempts") + 1)
    trouble.refresh_from_db()
    return trouble


def tell_of_failing() -> None:
    """Tell the admins, once a day, of each receiver that fails; one lost connection is no news."""
    today = counts.failing().filter(day=timezone.localdate(), told_at=None)
    for day in today.exclude(failures=1, last_error__startswith="OperationalError"):
        with transaction.atomic():
            if today.filter(pk=day.pk).update(told_at=timezone.now()):
                message, detail = partial(_failing, day), partial(_how_often, day)
                notify_admins(message, detail=detail, url=reverse("receivers"))


def _failing(day: ReceiverDay) -> str:
    what = {"what": effect_of(day.receiver)}
    return _("Something that the site does by itself failed: %(what)s") % what


def _how_often(day: ReceiverDay) -> str:
    times = nphrase("%(count)d time today.", "%(count)d times today.", day.failures)
    return format_html("<p>{} {}</p><p>{}</p>", times, FAILED, day.last_error)
