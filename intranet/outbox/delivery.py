"""Delivering the outbox: a few rows are leased, each rendered and sent outside any transaction.

What of them is not begun within a second is given back, so that something urgent, such as a link,
does not wait for it, and no lease runs out over a slow mail server.

A lease that runs out, because its worker was killed, makes the row due again. Since it may also be
the clock that jumped, it has to run out twice. What became of a mail is noted as soon as the
database lets it, and holds unless another worker took the row over. A row is therefore sent once,
but for a worker that is killed between sending and noting, always with the same Message-ID.
"""

import logging
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone

from ..locks import persisting
from ..queue import purge
from ..trace.bulk import update
from ..trace.phrases import Said, phrase
from ..troubles import FAILURES
from ..wording import words_of
from .kept import words
from .mail import Withdrawn, compose
from .models import Mail, term
from .written import StoredMessage

logger = logging.getLogger(__name__)

BATCH = 300  # sent over one connection
LEASED = 20  # mails taken at once
UNREAD = ("cause", "created_at", "sent_at", "error", "text")  # of a mail that is to be sent
HELD = 1  # seconds after which those that were not begun are given back
CUTS = 10  # connections lost one after the other, after which it is not the mails' fault
MAX_ATTEMPTS = 100  # about four days

Status = Mail.Status
WITHDRAWN = "withdrawn"  # what comes of a mail that has nothing to say any more: its row goes


class ServerIsDown(Exception):
    """The mail server cannot be reached, so that no other mail need be tried now."""


class ConnectionCut(Exception):
    """The connection was lost over a mail, which is tried again; the next may do better."""


def deliver_due(limit: int = BATCH, stopping: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Send at most `limit` due mails; return how many ended in each status.

    A row that is to be tried again counts as queued, one that has nothing to say any more and was
    deleted as "withdrawn". The count of "down" is 1 when the server could not be reached, which
    ends the batch, as does `stopping()`.
    """
    end_old_leases()
    if not Mail.objects.due().exists():
        return Counter()
    transport = get_connection(settings.MAIL_TRANSPORT)
    try:
        with soon_on_disk():
            return deliver_over(transport, limit, stopping)
    finally:
        close(transport)


@contextmanager
def soon_on_disk() -> Iterator[None]:
    """Have PostgreSQL not wait for its disk after each mail, as SQLite does not either here.

    Should the machine itself fail, mails of its last second may be sent again, under the same
    Message-ID, as after a worker that was killed.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")


def deliver_over(
    transport: BaseEmailBackend, limit: int, stopping: Callable[[], bool]
) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    cuts = 0
    with closing(taken(limit)) as mails:
        while cuts < CUTS and not stopping() and (mail := next(mails, None)):
            try:
                outcomes[deliver(mail, transport)] += 1
                cuts = 0
            except ConnectionCut:
                outcomes[Status.QUEUED] += 1
                cuts += 1
            except ServerIsDown:
                outcomes[Status.QUEUED] += 1
                cuts = CUTS
    if cuts == CUTS:
        outcomes["down"] = 1
    return outcomes


def taken(limit: int) -> Generator[Mail, None, None]:
    """Yield at most `limit` due mails; those that were leased and not begun in time go back."""
    more = True
    while more and limit > 0 and (mails := lease(min(LEASED, limit))):
        until, more = time.monotonic() + HELD, len(mails) == LEASED
        try:
            while mails:
                limit -= 1
                yield mails.pop(0)
                if time.monotonic() > until:
                    more = True
                    break
        finally:
            as_it_was = {"status": Status.QUEUED, "next_attempt_at": F("created_at")}
            begun = Mail.objects.filter(status=Status.SENDING)
            persisting(partial(begun.release, mails, **as_it_was))


def forget_old() -> int:
    """Delete a piece of the mails that were sent more than MAIL_KEEP_DAYS ago, as purge does."""
    limit = timezone.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    unsent = [Status.QUEUED, Status.SENDING, Status.FAILED]  # said so, the index on the day is used
    return purge(Mail.objects.filter(sent_at__lt=limit).exclude(status__in=unsent))


def end_old_leases() -> None:
    """Queue mails whose lease ran out twice; the first time, the clock may have jumped."""
    over = Mail.objects.lapsed()
    if over.exists():
        now = timezone.now()
        over.filter(lapsed=True).update(status=Status.QUEUED, next_attempt_at=now, lapsed=False)
        over.filter(lapsed=False).update(lapsed=True, next_attempt_at=now + term())


def lease(limit: int) -> list[Mail]:
    """Take the mails that are due first away from all other workers for a while."""
    return (
        Mail.objects.due().defer(*UNREAD).take(limit, term(), status=Status.SENDING, lapsed=False)
    )


def deliver(mail: Mail, transport: BaseEmailBackend) -> str:
    """Send a leased mail and return its status afterwards.

    Raises ConnectionCut, or ServerIsDown, which ends the batch; the mail is tried again.
    """
    if mail.attempts > MAX_ATTEMPTS:
        return give_up(mail, phrase("The worker was stopped each time while sending this mail."))
    try:
        message = compose(mail) if mail.template else StoredMessage(mail)
    except Withdrawn:
        return withdraw(mail)
    except DatabaseError:
        raise  # the lease runs out and the mail is tried again
    except FAILURES as error:
        said = phrase("This mail could not be written: %(error)s", error=words_of(error))
        return give_up(mail, said)
    try:
        transport.open()
    except FAILURES as error:
        postpone(mail, server_words(error))
        raise ServerIsDown from error
    try:
        if transport.send_messages([message]) == 0:
            raise ValueError("The mail server was not given this mail.")
    except FAILURES as error:
        close(transport)
        return record_failure(mail, error)
    gone = {"message": b"", "context": {}, "error": ""}
    settle(mail, status=Status.SENT, sent_at=timezone.now(), text=words(mail), **gone)
    return Status.SENT


def withdraw(mail: Mail) -> str:
    note(mail, lambda: Mail.objects.held([mail]).delete()[0])
    return WITHDRAWN


def record_failure(mail: Mail, error: BaseException) -> str:
    if is_permanent(error):
        return give_up(mail, server_words(error))
    status = postpone(mail, server_words(error))
    if is_connection_lost(error):
        raise ConnectionCut from error
    return status


def postpone(mail: Mail, error: str) -> str:
    if mail.attempts >= MAX_ATTEMPTS:
        return give_up(mail, error)
    logger.warning("Mail %d is tried again: %s", mail.pk, error)
    note(mail, partial(Mail.objects.all().postpone, mail, error, status=Status.QUEUED))
    return Status.QUEUED


def give_up(mail: Mail, error: Said) -> str:
    """Leave the mail, with what it says, to be sent again by hand."""
    logger.error("Mail %d failed: %s", mail.pk, error)
    settle(mail, status=Status.FAILED, error=error)
    return Status.FAILED


def settle(mail: Mail, **values: object) -> None:
    note(mail, partial(update, Mail, values, {"id": mail.pk, "attempts": mail.attempts}))


def note(mail: Mail, write: Callable[[], int]) -> None:
    """Write the outcome down, unless the lease ran out and the row is another worker's now."""
    if not persisting(write):
        logger.warning("Mail %d took longer than MAIL_LEASE.", mail.pk)


def is_permanent(error: BaseException) -> bool:
    """Return whether the server refused for good, or the mail itself is broken."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, ValueError | TypeError | LookupError)


def is_connection_lost(error: BaseException) -> bool:
    answered = isinstance(error, smtplib.SMTPException)
    lost = isinstance(error, smtplib.SMTPServerDisconnected)
    return lost or (isinstance(error, OSError) and not answered)


def server_words(error: BaseException) -> str:
    """Return what the server said, or else what went wrong."""
    answers: list[tuple[int, bytes | str]]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [*error.recipients.values()]
    elif isinstance(error, smtplib.SMTPResponseException):
        answers = [(error.smtp_code, error.smtp_error)]
    else:
        return words_of(error)
    return "; ".join(f"{code} {_text(words)}" for code, words in answers).replace("\0", "")


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words


def close(transport: BaseEmailBackend) -> None:
    """End the connection; a server that is gone already is no trouble."""
    try:
        transport.close()
    except Exception as error:
        logger.debug("Closing the connection to the mail server: %s", error)
