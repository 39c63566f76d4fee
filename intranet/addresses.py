"""E-mail addresses, written in one way: however a mailbox is typed, it is one and the same text.

That text is for people to read, in Unicode; `deliverable` gives what mail servers take.
"""

import re
import unicodedata
from functools import lru_cache

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from .trace.phrases import phrase

UNSEEN = re.compile(  # beside what Unicode calls control (Cc) and format characters (Cf)
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
LONGEST = 320  # characters, as forms and the outbox have it; longer ones are not even looked at
NEEDLESS_QUOTES = re.compile(r'"([\w+-]+(?:\.[\w+-]+)*)"')


def normalise(address: str) -> str:
    """Return `address` as it is stored.

    The domain is in lower case and in Unicode (`xn--mller-kva.de` is `müller.de`), and so are
    letters of full width; capitals before the @ stay if all of it is ASCII. Raises
    ValidationError for a character that nobody sees, and for a domain that cannot be.
    """
    address = address.strip()
    if len(address) > LONGEST:
        text = phrase("An address has at most %(limit)d characters.", limit=LONGEST)
        raise ValidationError(str(text), "max_length")
    _refuse_unseen(address)
    local, at, domain = unicodedata.normalize("NFKC", address).rpartition("@")
    if not at:
        return address
    local = NEEDLESS_QUOTES.sub(r"\1", local)
    return f"{local if local.isascii() else local.lower()}@{_readable(domain)}"


def is_unseen(character: str) -> bool:
    if character in "\r\n":  # there is a message of its own for these
        return False
    return unicodedata.category(character) in ("Cc", "Cf") or bool(UNSEEN.match(character))


def lenient(address: str) -> str:
    """Return what `normalise` does, or a broken address as it is, to look for it."""
    try:
        return normalise(address)
    except ValidationError:
        return address


def is_normal(address: str) -> bool:
    """Return whether `address` is written as `normalise` writes it."""
    try:
        return normalise(address) == address
    except ValidationError:
        return False


def key(address: str) -> str:
    """Return what all spellings of one mailbox have in common, capitals included."""
    return lenient(address).lower()


def deliverable(recipient: str) -> str:
    """Return an address, or `Name <address>`, with the domain as mail servers take it."""
    return re.sub(r"(?<=@)[^\s@<>]+", lambda domain: _ascii(domain[0]), recipient)


@lru_cache(maxsize=1000)
def _readable(domain: str) -> str:
    """Return a domain in Unicode; one that only looks encoded stays as it is."""
    lower = domain.lower().removesuffix(".")
    if domain.isascii() and "xn--" not in lower:
        return lower
    try:
        return idna.decode(idna.encode(domain, uts46=True)).removesuffix(".")
    except idna.IDNAError:
        if domain.isascii():
            return lower
        text = _("There can be no “%(domain)s” after the @.") % {"domain": domain}
        raise ValidationError(text, code="domain") from None


def _ascii(domain: str) -> str:
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain


def _refuse_unseen(address: str) -> None:
    if address.isascii() and address.isprintable():
        return
    for position, character in enumerate(address):
        if is_unseen(character):
            name = unicodedata.name(character, _("without a name")).lower()
            if position:
                text = _(
                    "There is a character nobody sees after “%(before)s”: %(code)s, %(name)s. "
                    "Delete it, or type the address anew."
                )
            else:
                text = _(
                    "There is a character nobody sees at the beginning: %(code)s, %(name)s. "
                    "Delete it, or type the address anew."
                )
            found = {"before": address[:position], "code": f"U+{ord(character):04X}", "name": name}
            raise ValidationError(text % found, code="unseen")


class AddressFormField(forms.EmailField):
    """Takes an address however it is written, and says what is wrong with it."""

    def to_python(self, value):
        return normalise(super().to_python(value))


class AddressField(models.EmailField):
    """Stores an address in one way, whoever writes it, and finds it however it is asked for."""

    def to_python(self, value):
        return _of_text(normalise, super().to_python(value))

    def pre_save(self, instance, add):
        address = _of_text(normalise, super().pre_save(instance, add))
        setattr(instance, self.attname, address)
        return address

    def get_prep_value(self, value):
        return lenient(value) if isinstance(value, str) else super().get_prep_value(value)

    def get_db_prep_save(self, value, connection):
        return super().get_db_prep_save(_of_text(normalise, value), connection)

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": AddressFormField, **kwargs})


def _of_text(change, value):
    return change(value) if isinstance(value, str) else value  # not of expressions
