"""Writing mail: messages from templates, kept in the outbox until the worker delivers them."""

import copy
import functools
import logging
import re
from collections.abc import Iterable
from email.utils import make_msgid, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.db import DEFAULT_DB_ALIAS
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils.encoding import punycode

from .links import site_url
from .models import Mail

logger = logging.getLogger(__name__)

MAX_ADDRESS = Mail._meta.get_field("to").max_length
MAX_SUBJECT = Mail._meta.get_field("subject").max_length
ROWS_AT_ONCE = 200


def compose(
    template: str, to: str | list[str], context: dict | None = None, using: str = DEFAULT_DB_ALIAS
) -> EmailMultiAlternatives:
    """Return the message that the templates mail/<template>.subject.txt, .txt and .html make.

    Besides `context` they get `site_url` (no slash at its end) and `site_title`. Give `url`, an
    absolute address, for the button. `using` is the database whose outbox `.send()` writes to.
    """
    site = {"site_url": site_url(""), "site_title": settings.UNFOLD["SITE_TITLE"]}
    context = site | (context or {})
    subject = _render_plain(f"mail/{template}.subject.txt", context)
    body = _render_plain(f"mail/{template}.txt", context)
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=re.sub(r"\n{3,}", "\n\n", body).strip() + "\n",
        to=[to] if isinstance(to, str) else to,
        headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(using=using),
    )
    message.attach_alternative(render_to_string(f"mail/{template}.html", context), "text/html")
    return message


def send(messages: Iterable[EmailMessage], using: str = DEFAULT_DB_ALIAS) -> int:
    """Hand messages to EMAIL_BACKEND, in the caller's transaction; return how many it took."""
    return get_connection(using=using).send_messages(list(messages)) or 0


def send_to_each(
    message: EmailMessage, addresses: Iterable[str], using: str = DEFAULT_DB_ALIAS
) -> int:
    """Send every address a copy of its own; the outbox writes the message out only once for all.

    `message` has no recipients. Returns how many copies EMAIL_BACKEND took.
    """
    connection = get_connection(using=using)
    if isinstance(connection, OutboxBackend):
        return connection.send_to_each(message, addresses)
    return connection.send_messages([_addressed(message, to) for to in addresses]) or 0


class OutboxBackend(BaseEmailBackend):
    """Writes one row per recipient into the outbox of the database `using`.

    The rows are also put on the message, as `outbox_rows`.

    A message that cannot be built, such as one with a line break in a header, is logged and
    refused; it neither raises nor keeps the others back.
    """

    def __init__(self, using: str = DEFAULT_DB_ALIAS, fail_silently: bool = False, **kwargs):
        super().__init__(fail_silently=fail_silently)
        self.using = using

    def send_messages(self, messages) -> int:
        rows, taken = [], 0
        for message in messages:
            try:
                message.outbox_rows = outbox_rows(message)
                rows += message.outbox_rows
                taken += 1
            except Exception:
                logger.exception("A mail could not be written: %r", str(message.subject))
        self._keep(rows)
        return taken

    def send_to_each(self, message: EmailMessage, addresses: Iterable[str]) -> int:
        written, rows = _without_message_id(message).as_bytes(), []
        row = functools.partial(_copy, written, _address(message.from_email), message.subject)
        for address in addresses:
            try:
                rows.append(row(address))
            except ValueError:
                logger.exception("A mail could not be written: %r", str(message.subject))
        self._keep(rows)
        return len(rows)

    def _keep(self, rows: list[Mail]) -> None:
        Mail.objects.using(self.using).bulk_create(rows, batch_size=ROWS_AT_ONCE)


def outbox_rows(message: EmailMessage) -> list[Mail]:
    """Return one unsaved row per recipient, each with a Message-ID of its own."""
    mime = _with_message_id(message).message()
    return [_row(message, mime, recipient) for recipient in dict.fromkeys(message.recipients())]


def _copy(written: bytes, sender: str, subject: str, recipient: str) -> Mail:
    """Return an unsaved row with a message that lacks only two headers, which go on top."""
    message_id = _new_message_id()
    to = sanitize_address(recipient, settings.DEFAULT_CHARSET)
    return Mail(
        to=_address(recipient),
        sender=sender,
        subject=subject.replace("\0", "")[:MAX_SUBJECT],
        message=f"To: {to}\nMessage-ID: {message_id}\n".encode("ascii") + written,
        message_id=message_id,
    )


def _addressed(message: EmailMessage, recipient: str) -> EmailMessage:
    message = copy.copy(message)
    message.to = [recipient]
    return message


def _without_message_id(message: EmailMessage):
    mime = _with_message_id(message).message()
    del mime["Message-ID"]
    return mime


def _with_message_id(message: EmailMessage) -> EmailMessage:
    """Return a copy that has a Message-ID, so that Django looks no host name up for one."""
    message = copy.copy(message)
    headers = {k: v for k, v in message.extra_headers.items() if k.lower() != "message-id"}
    message.extra_headers = {**headers, "Message-ID": _new_message_id()}
    return message


def _new_message_id() -> str:
    return make_msgid(domain=punycode(urlsplit(settings.SITE_URL).hostname or "localhost"))


def _row(message: EmailMessage, mime, recipient: str) -> Mail:
    del mime["Message-ID"]
    mime["Message-ID"] = _new_message_id()
    return Mail(
        to=_address(recipient),
        sender=_address(message.from_email),
        subject=str(message.subject).replace("\0", "")[:MAX_SUBJECT],
        message=mime.as_bytes(),
        message_id=mime["Message-ID"],
    )


def _address(value: str) -> str:
    """Return the bare address in `value`; ValueError when the outbox could not keep or send it."""
    sanitize_address(value, settings.DEFAULT_CHARSET)
    address = parseaddr(value)[1]
    if "@" not in address or len(address) > MAX_ADDRESS:
        raise ValueError(f"Not an address, or too long: {address[:50]}")
    return address


def _render_plain(template: str, context: dict) -> str:
    return get_template(template).template.render(Context(context, autoescape=False))
