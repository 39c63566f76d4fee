"""Reading what lies in the outbox, and putting more into it."""

import email
from email.policy import default

from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from intranet.access.password_links import address_in, mail_link
from intranet.outbox import delivery
from intranet.outbox.mail import compose
from intranet.outbox.models import Mail

SENT, QUEUED, FAILED, SENDING = (
    Mail.Status.SENT,
    Mail.Status.QUEUED,
    Mail.Status.FAILED,
    Mail.Status.SENDING,
)


def letter(mail):
    """Return an outbox row as it would be sent now."""
    written = compose(mail).message().as_bytes() if mail.template else bytes(mail.message)
    return email.message_from_bytes(written, policy=default)


def text_of(mail) -> str:
    """Return the plain text part of an outbox row."""
    return letter(mail).get_body(("plain",)).get_content()


def send(messages) -> int:
    """Send messages as code does that knows nothing of the outbox."""
    return get_connection().send_messages(list(messages))


def queue(*recipients, body="Text"):
    """Put a mail to each into the outbox; return all that lie in it."""
    send(EmailMessage("Hello", body, "us@example.com", [to]) for to in recipients)
    return list(Mail.objects.order_by("pk"))


def lease():
    """Take the mail that is next, as a worker does."""
    return next(iter(delivery.lease(1)), None)


def make_due():
    Mail.objects.update(next_attempt_at=timezone.now())


def new_link(user) -> str:
    """Mail a link to somebody and return the address in it."""
    mail_link("password_reset", user)
    return address_in(Mail.objects.latest("pk"))
