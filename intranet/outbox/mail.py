"""Writing mail: what it says waits in the outbox until the worker renders and delivers it."""

import copy
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from email.utils import make_msgid, parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import validate_email
from django.db import DEFAULT_DB_ALIAS
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils.encoding import punycode
from django.utils.html import escape
from django.utils.translation import gettext as _

from ..addresses import deliverable
from ..languages import speaking
from ..trace.action import mark
from ..trace.bulk import insert, insert_one
from .links import site_url
from .models import Mail
from .written import PLAIN, Letter

logger = logging.getLogger(__name__)

MAX_ADDRESS = Mail._meta.get_field("to").max_length or 0
MAX_SUBJECT = Mail._meta.get_field("subject").max_length
MANY = 50

Facts = Mapping[str, object]
# What is made when a mail is sent, by the name under which its context asks for it as in
# {"late": {"url": "password_link"}}; a maker may raise Withdrawn.
late_makers: dict[str, Callable[[Mail], str]] = {}


class Withdrawn(Exception):
    """What a mail was to say is over by now, such as the link in it."""


def queue(
    template: str,
    to: Iterable[str] | Mapping[str, Facts],
    context: Facts | None = None,
    using: str = DEFAULT_DB_ALIAS,
    cause: str = "",
    priority: Mail.Priority = Mail.Priority.NOTICE,
) -> list[Mail]:
    """Queue the mail `template` for each of the addresses; return the rows of the good ones.

    It is rendered from mail/<template>.txt and .html when it is sent, its subject at once. Besides
    `context`, plain values that JSON can hold, the templates get `site_url` (no slash at its end)
    and `site_title`; a mapping as `to` gives each address what is its own. Give `url`, an absolute
    address, for the button, and `language`, in which both are then written; else it is that of the
    site. A broken address is logged and refused. `cause` names the receiver when another one
    writes for it.
    """
    each: Mapping[str, Facts] = to if isinstance(to, Mapping) else {it: {} for it in to}
    rows: list[Mail] = []
    subjects: dict[str, str] = {}  # by what is their own
    for address, own in each.items():
        given = {**(context or {}), **own}
        facts = {name: _storable(it) for name, it in given.items()}
        language = str(facts.pop("language", ""))
        same = repr(own)
        subject = subjects[same] = subjects.get(same) or _subject(template, facts, language)
        with _refused_if_broken(subject):
            sender = _address(settings.DEFAULT_FROM_EMAIL)
            row = Mail(to=_address(address), sender=sender, subject=subject, context=facts)
            row.template, row.message_id, row.language = template, _message_id(), language
            row.priority = priority
            rows.append(row)
    return _keep(rows, using, cause)


def addressee(user: AbstractUser) -> dict[str, object]:
    """Return what templates say of somebody."""
    return {"name": str(user), "username": user.get_username(), "is_staff": user.is_staff}


def compose(mail: Mail) -> Letter:
    """Return the message that the template of a row makes now; may raise Withdrawn."""
    text, html = _rendered(mail)
    for name, maker in _late(mail).items():
        made = late_makers[maker](mail)
        text, html = text.replace(_mark(name), made), html.replace(_mark(name), escape(made))
    letter = Letter(
        subject=mail.subject,
        body=text,
        from_email=deliverable(mail.sender),
        to=[deliverable(mail.to)],
        headers={
            "Auto-Submitted": "auto-generated",
            "Message-ID": mail.message_id,
            "From": deliverable(settings.DEFAULT_FROM_EMAIL),
        },
    )
    letter.attach_alternative(html, "text/html")
    letter.is_secret = bool(_late(mail))
    return letter


def sample(mail: Mail) -> tuple[str, str]:
    """Return subject and text of a mail that waits, with a note where a link is made later."""
    text = _rendered(mail)[0] if mail.template else ""
    for name in _late(mail):
        with speaking(mail.language):
            text = text.replace(_mark(name), _("(a link that works once stands here)"))
    return mail.subject, text


def _late(mail: Mail) -> dict[str, str]:
    late: dict[str, str] = mail.context.get("late", {})
    return late


def _mark(name: str) -> str:
    """Return what stands for something that is made when a mail is sent."""
    return f"late-{name}-of-this-mail"


def _rendered(mail: Mail) -> tuple[str, str]:
    """Return text and HTML with marks for what is made late; made once for all who get the same."""
    facts = _site() | mail.context | {name: _mark(name) for name in _late(mail)}
    written = json.dumps(facts, cls=DjangoJSONEncoder, sort_keys=True)
    return _render(mail.template, mail.language, written)


@lru_cache(16)
def _render(template: str, language: str, written: str) -> tuple[str, str]:
    facts = json.loads(written)
    with speaking(language):
        text = _render_plain(f"mail/{template}.txt", facts)
        html = render_to_string(f"mail/{template}.html", facts)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html


def _storable(value: object) -> object:
    """Return a fact as PostgreSQL stores it, where a text has no NUL."""
    return value.replace("\0", "") if isinstance(value, str) else value


def _subject(template: str, facts: Facts, language: str) -> str:
    with speaking(language):
        subject = _render_plain(f"mail/{template}.subject.txt", facts)
    return " ".join(subject.split())[:MAX_SUBJECT]


def _site() -> dict[str, object]:
    return {"site_url": site_url(""), "site_title": settings.UNFOLD["SITE_TITLE"]}


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
        written = [outbox_rows(message) for message in messages]
        _keep([row for rows in written for row in rows], self.using)
        return sum(map(bool, written))


def _keep(rows: list[Mail], using: str, cause: str = "") -> list[Mail]:
    """Write the rows, with what caused them."""
    traced = mark(using, cause) if rows else {}
    for row in rows:
        vars(row).update(traced)
    if len(rows) == 1:
        insert_one(rows[0], using)
        return rows
    has_link = any(it.priority <= Mail.Priority.INVITATION for it in rows)
    if len(rows) > MANY and not has_link:  # of whom nobody asks for the keys
        insert(Mail, rows, using)
        return rows
    return Mail.objects.using(using).bulk_create(rows)


def outbox_rows(message: EmailMessage) -> list[Mail]:
    """Return one unsaved row per good recipient; the message is written out once for all of them.

    Each has a Message-ID of its own, and a To of its own where all are blind copies.
    """
    rows = []
    with _refused_if_broken(message.subject):
        mime = _without_message_id(message)
        written = mime.as_bytes()
        for recipient in dict.fromkeys(message.recipients()):
            with _refused_if_broken(message.subject):
                rows.append(_row(message, written, recipient, own_to="To" not in mime))
    return rows


@contextmanager
def _refused_if_broken(subject: object) -> Iterator[None]:
    try:
        yield
    except Exception:
        logger.exception("A mail could not be written: %r", str(subject))


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
    message_id = _message_id()
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


def _message_id() -> str:
    return make_msgid(domain=punycode(urlsplit(settings.SITE_URL).hostname or "localhost"))


@lru_cache(16)  # of the sender, for one, who is the same each time
def _address(value: str) -> str:
    """Return the bare address in `value`.

    Raises ValueError or ValidationError when the outbox could not keep or send it.
    """
    address = value
    if not PLAIN.fullmatch(value):  # else, taking it apart is all that costs time here
        sanitize_address(value, settings.DEFAULT_CHARSET)
        address = parseaddr(value)[1]
    if address not in value or len(address) > MAX_ADDRESS:
        raise ValueError(f"Not an address, or too long: {value[:50]}")
    validate_email(address)
    return address


def _render_plain(template: str, facts: Facts) -> str:
    context = Context(_site() | dict(facts), autoescape=False)
    return Engine.get_default().get_template(template).render(context)
