"""Messages that are written out already, so that little is left to do when each is sent."""

import re
from email import message_from_bytes
from email.message import Message
from email.utils import formatdate
from functools import lru_cache

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import sanitize_address

from ..addresses import deliverable
from .models import Mail

PLAIN = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)  # to be written as it is
Headers = tuple[tuple[str, str], ...]


class StoredMime(Message):
    """A message that gives back the bytes it was made of."""

    raw: bytes

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:  # type: ignore[override]
        return self.raw.replace(b"\r\n", b"\n").replace(b"\n", linesep.encode())


class StoredMessage(EmailMessage):
    """An outbox row that holds a whole message, as any of Django's mail backends takes it."""

    def __init__(self, mail: Mail):
        sender, to = deliverable(mail.sender), deliverable(mail.to)
        super().__init__(subject=mail.subject, from_email=sender, to=[to])
        self.raw = bytes(mail.message)

    def message(self) -> StoredMime:  # type: ignore[override]  # the stubs are of Django 6
        mime = message_from_bytes(self.raw, _class=StoredMime)
        mime.raw = self.raw
        return mime


class Letter(EmailMultiAlternatives):
    """A text and its HTML to one of many; all but the lines of their own is written out once.

    One that `is_secret` is not remembered.
    """

    is_secret = False

    def message(self) -> StoredMime:  # type: ignore[override]
        given, [to] = dict(self.extra_headers), self.to
        own = (
            ("To", to if PLAIN.fullmatch(to) else sanitize_address(to, settings.DEFAULT_CHARSET)),
            ("Message-ID", given.pop("Message-ID")),
            ("Date", formatdate(localtime=settings.EMAIL_USE_LOCALTIME)),
        )
        write = written_out.__wrapped__ if self.is_secret else written_out
        html = str(self.alternatives[0][0])
        headers, rest = write(self.subject, self.body, html, tuple(given.items()))
        mime = StoredMime()
        for name, value in own + headers:
            mime[name] = value
        lines = "".join(f"{name}: {value}\n" for name, value in own)
        mime.raw = lines.encode("ascii") + rest
        return mime


@lru_cache(16)
def written_out(subject: str, text: str, html: str, headers: Headers) -> tuple[Headers, bytes]:
    """Return the headers that all have, and all that follows the lines of each one's own."""
    not_own = {"Message-ID": "any", "Date": "any"}  # else Django makes them
    message = EmailMultiAlternatives(subject, text, to=[], headers={**dict(headers), **not_own})
    message.attach_alternative(html, "text/html")
    mime = message.message()
    for name in not_own:
        del mime[name]
    return tuple((name, str(value)) for name, value in mime.items()), mime.as_bytes()
