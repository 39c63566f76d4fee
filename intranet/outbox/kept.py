"""What a mail says as plain text, without its links: they may open what is for its reader alone."""

import logging
import re
from email import message_from_bytes, policy
from functools import lru_cache

from .mail import sample
from .models import Mail
from .plaintext import plain_text

logger = logging.getLogger(__name__)

LINK = re.compile(
    r"(?:\w[\w+.-]*://|mailto:"
    r"|(?<![\w@.-])(?=(?:[\w-]+\.)+[a-z]{2,}[/?#])"  # www.example.com/what
    r"|(?<![\w/:.])(?=/[^\s/?#]+[/?#]))\S+",  # /what/it/is
    re.IGNORECASE,
)
ENDS = ".,;:!?)]}>\"'"  # what a sentence adds to an address
LONGEST = 100_000  # characters


def words(mail: Mail) -> str:
    """Return what a mail said when it was sent, or will say; "" where that cannot be told."""
    if mail.status == Mail.Status.SENT:
        return mail.text
    try:
        text = sample(mail)[1] if mail.template else _text_of(bytes(mail.message))
    except Exception:  # it is to be sent all the same
        logger.exception("What mail %s says cannot be read", mail.pk)
        return ""
    return _without_links(text)


@lru_cache(16)  # what many are told is the same text
def _without_links(text: str) -> str:
    plain = text.encode(errors="replace").decode().replace("\0", "")
    return LINK.sub(_cut, plain).strip()[:LONGEST]


def _text_of(message: bytes) -> str:
    body = message_from_bytes(message, policy=policy.default).get_body(("plain", "html"))
    if body is None:
        return ""
    text: str = body.get_content()
    return plain_text(text) if body.get_content_subtype() == "html" else text


def _cut(link: "re.Match[str]") -> str:
    """Return a link up to its host, "https://example.com/…", and the end of the sentence."""
    address = link[0].rstrip(ENDS)
    has_scheme = "://" in address
    scheme, sep, rest = address.partition("://") if has_scheme else ("", "", address)
    place = re.split(r"[/?#\\]", rest)[0]
    more = "" if rest in (place, f"{place}/") else "/…"
    host = place.rpartition("@")[2] if sep else place
    return f"{scheme}{sep}{host}{more}{link[0][len(address) :]}"
