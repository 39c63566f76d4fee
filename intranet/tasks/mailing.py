"""Mailing many: work whose steps are mails, which the worker sends as it sends any.

The mails are those to many of one action. What has gone out cannot be called back, so whoever
cancels stops the rest; mails that a worker has at hand by then, 20 at most, go out all the same.
"""

from contextlib import suppress
from typing import NamedTuple

from django.contrib.auth.models import AbstractUser
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Count, QuerySet
from django.utils.translation import ngettext

from .. import progress
from ..languages import language_of, speaking
from ..outbox.models import Mail
from ..trace.action import collect, current
from ..trace.phrases import Phrase, phrase
from .models import Work
from .run import end

MANY = 100  # mails that are followed
FOLLOWED = "followed"  # what an action collects
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
            ngettext("%(count)d mail sent", "%(count)d mails sent", self.sent),
            ngettext("%(count)d waits", "%(count)d wait", self.waiting),
            ngettext("%(count)d is tried again", "%(count)d are tried again", self.again),
            ngettext("%(count)d failed", "%(count)d failed", self.failed),
            ngettext("%(count)d not sent", "%(count)d not sent", self.not_sent),
        ]
        said = zip(parts, self, strict=True)
        return ", ".join(
            text % {"count": count} for at, (text, count) in enumerate(said) if count or not at
        )


def follow(
    mails: int, what: str, person: AbstractUser | None, using: str = DEFAULT_DB_ALIAS
) -> None:
    """Show how far so many mails about `what`, just queued, are, on a page of whoever acts.

    `person` is told where the worker acts by itself. All that one action mails is one piece.
    """
    act = current()
    person = (act and act.actor) or person
    if mails < MANY or act is None or not (person and person.is_active and person.is_staff):
        return
    work = Work.objects.using(using).filter(action=act.id, mails__gt=0).first()
    work = work or Work(person=person, action=act.id, state=State.RUNNING, said=["", {"what": []}])
    about = [*work.said[1]["what"], Phrase("“%(text)s”", {"text": what})]
    work.said, work.mails = phrase("Mails: %(what)s", what=about), work.mails + mails
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
        mails_of(work.action).filter(status=Status.QUEUED).delete()
        return True
    return False


def end_mailings() -> int:
    """End the work whose mails were all tried, and tell whoever asked; return how many pieces."""
    tried = [it for it in Work.objects.open().filter(mails__gt=0) if not is_under_way(it)]
    for work in tried:
        with suppress(progress.Stopped), speaking(language_of(work.person)):
            end(work, State.DONE, str(how_far(work)))
    return len(tried)


def is_under_way(work: Work) -> bool:
    waiting = mails_of(work.action).filter(status=Status.QUEUED, attempts=0)
    return waiting.exists() or mails_of(work.action).filter(status=Status.SENDING).exists()
