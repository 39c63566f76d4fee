"""Delivering the outbox: one row is leased at a time and sent outside any transaction.

A lease that runs out, because its worker was killed, makes the row due again. A row is therefore
sent at least once, always with the same Message-ID, and by one worker at a time.
"""

import logging
import smtplib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.message import Message

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection as database
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from .addresses import deliverable
from .models import Mail

logger = logging.getLogger(__name__)

BATCH = 100
FIRST_DELAY = 10  # seconds; doubles with every attempt
LONGEST_DELAY = 60 * 60
MAX_ATTEMPTS = 100  # about four days

Status = Mail.Status


class StoredMime(Message):
    """A parsed message that gives back the bytes it was parsed from."""

    def as_bytes(self, unixfrom=False, linesep="\n") -> bytes:
        return self.raw.replace(b"\r\n", b"\n").replace(b"\n", linesep.encode())


class StoredMessage(EmailMessage):
    """An outbox row as any of Django's mail backends takes it."""

    def __init__(self, mail: Mail):
        sender, to = deliverable(mail.sender), deliverable(mail.to)
        super().__init__(subject=mail.subject, from_email=sender, to=[to])
        self.raw = bytes(mail.message)

    def message(self) -> StoredMime:
        mime = message_from_bytes(self.raw, _class=StoredMime)
        mime.raw = self.raw
        return mime


class ServerIsDown(Exception):
    """The mail server cannot be reached, so that no other mail need be tried now."""


def deliver_due(limit: int = BATCH, stopping: Callable[[], bool] = lambda: False) -> Counter:
    """Send at most `limit` due mails; return how many ended in each status.

    A row that is to be tried again counts as queued. The count of "down" is 1 when the server
    could not be reached, which ends the batch, as does `stopping()`.
    """
    outcomes = Counter()
    if not due().exists():
        return outcomes
    transport = get_connection(settings.MAIL_TRANSPORT)
    try:
        while outcomes.total() < limit and not stopping() and (mail := lease()):
            outcomes[deliver(mail, transport)] += 1
    except ServerIsDown:
        outcomes.update([Status.QUEUED, "down"])
    finally:
        close(transport)
    if outcomes[Status.SENT]:
        forget_old()
    return outcomes


def forget_old() -> None:
    """Delete mails that were sent more than MAIL_KEEP_DAYS ago, a bounded number at a time."""
    limit = timezone.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    old = Mail.objects.filter(status=Status.SENT, sent_at__lt=limit)
    Mail.objects.filter(pk__in=list(old.values_list("pk", flat=True)[: 10 * BATCH])).delete()


def due() -> QuerySet[Mail]:
    """Return the mails to be sent now, those with a lease that ran out among them."""
    unsent = Mail.objects.filter(status__in=[Status.QUEUED, Status.SENDING])
    return unsent.filter(next_attempt_at__lte=timezone.now()).order_by("next_attempt_at", "pk")


@transaction.atomic
def lease() -> Mail | None:
    """Take the mail that has been due for longest away from all other workers for a while."""
    skip_locked = database.features.has_select_for_update_skip_locked
    rows = due().select_for_update(skip_locked=skip_locked)
    pk = rows.values_list("pk", flat=True).first()
    if pk is None:
        return None
    until = timezone.now() + timedelta(seconds=settings.MAIL_LEASE)
    Mail.objects.filter(pk=pk).update(
        status=Status.SENDING, attempts=F("attempts") + 1, next_attempt_at=until
    )
    return Mail.objects.get(pk=pk)


def deliver(mail: Mail, transport) -> str:
    """Send a leased mail and return its status afterwards; ServerIsDown ends the batch."""
    if mail.attempts > MAX_ATTEMPTS:
        return give_up(mail, "The worker was stopped each time while sending this mail.")
    try:
        transport.open()
    except Exception as error:
        postpone(mail, server_words(error))
        raise ServerIsDown from error
    try:
        if transport.send_messages([StoredMessage(mail)]) == 0:
            raise ValueError("The mail server was not given this mail.")
    except Exception as error:
        close(transport)
        return record_failure(mail, error)
    settle(mail, status=Status.SENT, sent_at=timezone.now(), message=b"", error="")
    return Status.SENT


def record_failure(mail: Mail, error: Exception) -> str:
    if is_permanent(error):
        return give_up(mail, server_words(error))
    status = postpone(mail, server_words(error))
    if is_connection_lost(error):
        raise ServerIsDown from error
    return status


def postpone(mail: Mail, error: str) -> str:
    if mail.attempts >= MAX_ATTEMPTS:
        return give_up(mail, error)
    delay = min(FIRST_DELAY * 2 ** (mail.attempts - 1), LONGEST_DELAY)
    logger.warning("Mail %d is tried again in %d seconds: %s", mail.pk, delay, error)
    next_attempt_at = timezone.now() + timedelta(seconds=delay)
    settle(mail, status=Status.QUEUED, next_attempt_at=next_attempt_at, error=error)
    return Status.QUEUED


def give_up(mail: Mail, error: str) -> str:
    """Leave the mail, with its body, to be sent again by hand."""
    logger.error("Mail %d failed: %s", mail.pk, error)
    settle(mail, status=Status.FAILED, error=error)
    return Status.FAILED


def settle(mail: Mail, **values) -> None:
    """Write the outcome down, unless the lease ran out and the row is another worker's now."""
    leased = Mail.objects.filter(
        pk=mail.pk,
        status=Status.SENDING,
        attempts=mail.attempts,
        next_attempt_at=mail.next_attempt_at,
    )
    if not leased.update(**values):
        logger.warning("Mail %d took longer than MAIL_LEASE.", mail.pk)


def is_permanent(error: Exception) -> bool:
    """Return whether the server refused for good, or the mail itself is broken."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, ValueError | TypeError | LookupError)


def is_connection_lost(error: Exception) -> bool:
    answered = isinstance(error, smtplib.SMTPException)
    lost = isinstance(error, smtplib.SMTPServerDisconnected)
    return lost or (isinstance(error, OSError) and not answered)


def server_words(error: Exception) -> str:
    """Return what the server said, or else what went wrong."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = error.recipients.values()
    elif isinstance(error, smtplib.SMTPResponseException):
        answers = [(error.smtp_code, error.smtp_error)]
    else:
        return (str(error) or type(error).__name__).replace("\0", "")
    return "; ".join(f"{code} {_text(words)}" for code, words in answers).replace("\0", "")


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words


def close(transport) -> None:
    """End the connection; a server that is gone already is no trouble."""
    try:
        transport.close()
    except Exception as error:
        logger.debug("Closing the connection to the mail server: %s", error)
