"""Reading what lies in the outbox."""

import email
from email.policy import default


def text_of(mail) -> str:
    """Return the plain text part of an outbox row."""
    message = email.message_from_bytes(bytes(mail.message), policy=default)
    return message.get_body(("plain",)).get_content()
