"""Writing mail: messages from templates, kept in the outbox until the worker delivers them."""

import copy
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from email.utils import make_msgid, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.db import DEFAULT_DB_ALIAS
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils.encoding import punycode

from ..addresses import deliverable
from .links import site_url
from .models import Mail

logger = logging.getLogger(__name__)

MAX_ADDRESS = Mail._meta.get_field("to").max_length or 0
MAX_SUBJECT = Mail._meta.get_field("subject").max_length
ROWS_AT_ONCE = 200


def compose(
    template: str,
    to: str | list[str],
    context: Mapping[str, object] | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> EmailMultiAlternatives:
    """Return the message that the templates mail/<template>.subject.txt, .txt and .html make.

    Besides `context` they get `site_url` (no slash at its end) and `site_title`. Give `url`, an
    absolute address, for the button. `using` is the database whose outbox `.send()` writes to.
    """
    context = _site() | dict(context or {})
    body = _render_plain(f"mail/{template}.txt", context)
    message = EmailMultiAlternatives(
        subject=subject_of(template, context),
        body=re.sub(r"\n{3,}", "\n\n", body).strip() + "\n",
        to=[to] if isinstance(to, str) else to,
        headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(using=using),
    )
    message.attach_alternative(render_to_string(f"mail/{template}.html", context), "text/html")
    return message


def subject_of(template: str, context: Mapping[str, object] | None = None) -> str:
    """Return the subject that `compose` gives a message."""
    subject = _render_plain(f"mail/{template}.subject.txt", _site() | dict(context or {}))
    return " ".join(subject.split())


def _site() -> dict[str, object]:
    return {"site_url": site_url(""), "site_title": settings.UNFOLD["SITE_TITLE"]}


def send(messages: Iterable[EmailMessage], using: str = DEFAULT_DB_ALIAS) -> int:
    """Hand messages to EMAIL_BACKEND, in the caller's transaction; return how many it took."""
    return get_connection(using=using).send_messages(list(messages)) or 0


class OutboxBackend(BaseEmailBackend):
    """Writes one row per recipient into the outbox of the database `using`.

    A message that cannot be built, such as one with a line break in a header, is logged and
    refused, and so is a broken address; neither raises nor keeps the others back.
    """

    def __init__(
        self, using: str = DEFAULT_DB_ALIAS, fail_silently: bool = False, **kwargs: object
    ):
        super().__init__(fail_silently=fail_silently)
        self.using = using

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        rows, taken = [], 0
        for message in messages:
            written = outbox_rows(message)
            rows += written
            taken += bool(written)
        Mail.objects.using(self.using).bulk_create(rows, batch_size=ROWS_AT_ONCE)
        return taken


def outbox_rows(message: EmailMessage) -> list[Mail]:
    """Return one unsaved row per good recipient; the message is written out once for all of them.

    Each has a Message-ID of its own, and a To of its own where all are blind copies.
    """
    rows = []
    with _refused_if_broken(message):
        mime = _without_message_id(message)
        written = mime.as_bytes()
        for recipient in dict.fromkeys(message.recipients()):
            with _refused_if_broken(message):
                rows.append(_row(message, written, recipient, own_to="To" not in mime))
    return rows


@contextmanager
def _refused_if_broken(message: EmailMessage) -> Iterator[None]:
    try:
        yield
    except Exception:
        logger.exception("A mail could not be written: %r", str(message.subject))


def _without_message_id(message: EmailMessage) -> "Message[str, str]":
    message = copy.copy(message)
    message.from_email = deliverable(message.from_email)
    for field in ("to", "cc", "reply_to"):
        setattr(message, field, [deliverable(address) for address in getattr(message, field)])
    headers = {k: v for k, v in message.extra_headers.items() if k.lower() != "message-id"}
    message.extra_headers = {**headers, "Message-ID": "any"}  # else Django looks a host name up
    mime = message.message()
    del mime["Message-ID"]
    return mime


def _row(message: EmailMessage, written: bytes, recipient: str, own_to: bool) -> Mail:
    message_id = make_msgid(domain=punycode(urlsplit(settings.SITE_URL).hostname or "localhost"))
    head = f"Message-ID: {message_id}\n"
    if own_to:
        head += f"To: {sanitize_address(deliverable(recipient), settings.DEFAULT_CHARSET)}\n"
    return Mail(
        to=_address(recipient),
        sender=_address(message.from_email),
        subject=str(message.subject).replace("\0", "")[:MAX_SUBJECT],
        message=head.encode("ascii") + written,
        message_id=message_id,
    )


def _address(value: str) -> str:
    """Return the bare address in `value`.

    Raises ValueError or ValidationError when the outbox could not keep or send it.
    """
    sanitize_address(value, settings.DEFAULT_CHARSET)
    address = parseaddr(value)[1]
    if address not in value or len(address) > MAX_ADDRESS:
        raise ValueError(f"Not an address, or too long: {value[:50]}")
    validate_email(address)
    return address


def _render_plain(template: str, context: Mapping[str, object]) -> str:
    return Engine.get_default().get_template(template).render(Context(context, autoescape=False))
