"""Mailing many: work whose steps are mails, which the worker sends as it sends any.

The mails are those to many of one action. What has gone out cannot be called back, so whoever
cancels stops the rest; what each worker has at hand by then, 20 mails at most, goes out all the
same, or is stopped when it has to be tried again.
"""

from contextlib import suppress
from typing import NamedTuple

from django.contrib.auth.models import AbstractUser
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Count, QuerySet

from .. import progress
from ..languages import language_of, speaking
from ..outbox.models import Mail
from ..trace.action import collect, current
from ..trace.phrases import Phrase, nphrase, phrase
from .models import Work
from .run import end

MANY = 100  # mails that are followed
PIECE = 5000  # mails that are withdrawn at a time
MAILED, FOLLOWED = "mailed", "followed"  # what an action collects: about what, and its work
State, Status = Work.State, Mail.Status


class Sent(NamedTuple):
    """How many of the mails of one piece of work are how far."""

    sent: int
    waiting: int  # which nobody tried to send so far
    again: int
    failed: int
    not_sent: int  # for somebody stopped them, or they had nothing to say any more

    @property
    def done(self) -> int:
        return sum(self) - self.waiting

    def __str__(self) -> str:
        parts = [
            nphrase("%(count)d mail sent", "%(count)d mails sent", self.sent),
            nphrase("%(count)d waits", "%(count)d wait", self.waiting),
            nphrase("%(count)d is tried again", "%(count)d are tried again", self.again),
            nphrase("%(count)d failed", "%(count)d failed", self.failed),
            nphrase("%(count)d not sent", "%(count)d not sent", self.not_sent),
        ]
        return ", ".join(str(it) for at, it in enumerate(parts) if it.number or not at)


def follow(what: str, person: AbstractUser | None, using: str = DEFAULT_DB_ALIAS) -> None:
    """Show how far the mails about `what`, just queued, are, if many, on a page of whoever acts.

    `person` is told where the worker acts by itself. All that one action mails is one piece.
    """
    act = current()
    person = (act and act.actor) or person
    if act is None or not (person and person.is_active and person.is_staff):
        return
    named = Phrase("“%(text)s”", {"text": what})
    collect(MAILED, [named], using)
    mails = mails_of(act.id).using(using).count()
    if mails < MANY:
        return
    work = Work.objects.using(using).filter(action=act.id, mails__gt=0).first()
    about = [*work.said[1]["what"], named] if work else act.collected(MAILED, using)
    work = work or Work(person=person, action=act.id, state=State.RUNNING)
    work.said, work.mails = phrase("Mails: %(what)s", what=about), mails
    work.save(using=using)
    collect(FOLLOWED, [work], using)


def mails_of(action: object) -> QuerySet[Mail]:
    return Mail.objects.filter(action=action, priority=Mail.Priority.POST)


def how_far(work: Work) -> Sent:
    rows = mails_of(work.action).order_by().values_list("status", "attempts").annotate(Count("pk"))
    sent = waiting = again = failed = 0
    for status, attempts, count in rows:
        sent += count * (status == Status.SENT)
        failed += count * (status == Status.FAILED)
        again += count * (status == Status.QUEUED and attempts > 0)
        waiting += count * (status == Status.SENDING or (status == Status.QUEUED and not attempts))
    there = sent + waiting + again + failed
    return Sent(sent, waiting, again, failed, max(work.mails - there, 0))


def stop(work: Work) -> bool:
    """Have no mail go out any more that nobody is about to send; False where it had ended."""
    with suppress(progress.Stopped), transaction.atomic():
        end(work, State.CANCELLED)
        withdraw(work)
        return True
    return False


def withdraw(work: Work) -> None:
    """Delete the mails of some work that wait and that no worker has at hand, piece by piece."""
    skip_locked = connection.features.has_select_for_update_skip_locked
    waiting = mails_of(work.action).filter(status=Status.QUEUED).order_by("pk")
    if not waiting.exists():  # as a rule, of which no transaction need keep others from writing
        return
    with transaction.atomic():
        held = waiting.select_for_update(skip_locked=skip_locked).values_list("pk", flat=True)
        while keys := list(held[:PIECE]):
            doomed = Mail.objects.filter(pk__in=keys)
            doomed._raw_delete(doomed.db)  # no row names a mail to many, so none is asked


def end_mailings() -> int:
    """End the work whose mails were all tried, and tell whoever asked; return how many pieces.

    What was at hand when somebody stopped the rest, and is to be tried again, is stopped now.
    """
    mailings = list(Work.objects.filter(mails__gt=0, state__in=(State.RUNNING, State.CANCELLED)))
    for it in mailings:
        if it.state == State.CANCELLED:
            withdraw(it)
    tried = [it for it in mailings if it.is_open and not is_under_way(it)]
    for work in tried:
        with suppress(progress.Stopped), speaking(language_of(work.person)):
            end(work, State.DONE, str(how_far(work)))
    return len(tried)


def is_under_way(work: Work) -> bool:
    waiting = mails_of(work.action).filter(status=Status.QUEUED, attempts=0)
    return waiting.exists() or mails_of(work.action).filter(status=Status.SENDING).exists()
