"""Reading what lies in the outbox, and putting more into it."""

import email
from email.policy import default

from django.core.mail import get_connection

from intranet.access.password_links import address_in, mail_link
from intranet.outbox.mail import compose
from intranet.outbox.models import Mail


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


def new_link(user) -> str:
    """Mail a link to somebody and return the address in it."""
    mail_link("password_reset", user)
    return address_in(Mail.objects.latest("pk"))
