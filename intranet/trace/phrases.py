"""Sentences that are kept and said in the language of whoever reads them."""

import json
import re
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Model, TextField
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext, override

AS_NUMBER = re.compile(r"%\((\w+)\)d")  # which knows no separators


class Phrase(NamedTuple):
    """A text with the facts in it, as JSON keeps it too; a fact can be a phrase, or several.

    A fact whose name is capitalised is, too.
    """

    one: str
    facts: dict[str, Any] = {}
    many: str = ""
    number: int = 0  # said as %(count)s

    def __str__(self) -> str:
        text = ngettext(self.one, self.many, self.number) if self.many else gettext(self.one)
        facts = {name: _said(name, fact) for name, fact in self.facts.items()}
        if not (facts or self.many):
            return text
        return AS_NUMBER.sub(r"%(\1)s", text) % ({"count": number_format(self.number)} | facts)

    def of(self, number: int) -> "Phrase":
        """Return the same of so many."""
        return self._replace(number=number)


Said = Phrase | str


def phrase(one: str, **facts: Any) -> Phrase:
    """Return a phrase, to be found by `make texts` like a call of gettext."""
    return Phrase(one, facts)


def nphrase(one: str, many: str, count: int = 0, **facts: Any) -> Phrase:
    return Phrase(one, facts, many, count)


def several(*phrases: Said) -> Said:
    """Return phrases in a row, separated by commas; empty ones are left out."""
    given = [it if isinstance(it, Phrase) else Phrase(it) for it in phrases if it]
    return Phrase("%(all)s", {"all": given}) if len(given) > 1 else next(iter(given), "")


def source(text: object) -> str:
    """Return a lazy text as it is in the code, to be said as a phrase; another as it is."""
    with override(None):
        return str(text)


def counted_rows(model: type[Model] | None, count: int) -> Phrase:
    """Return "1 person" or "3 people"."""
    return Phrase("%(number)s %(rows)s", {"number": count, "rows": named_rows(model, count)})


def named_rows(model: type[Model] | None, count: int = 1) -> Phrase:
    """Return "person" or "people"."""
    return _named(model, count == 1) if model else nphrase("something", "things", count)


@cache
def _named(model: type[Model], is_one: bool) -> Phrase:
    names = model._meta.verbose_name_plural, model._meta.verbose_name
    return Phrase(source(names[is_one]))


class SaidField(TextField):  # type: ignore[type-arg]
    """A text that is given as a phrase, or as it is, and read in the language of the reader."""

    def deconstruct(self) -> Any:
        """Be a plain text in migrations, as it is in the database."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(json.dumps(value) if isinstance(value, Phrase) else value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        with suppress(ValueError, TypeError, KeyError):  # a server's words may begin like that
            return str(Phrase(*json.loads(value))) if value[:2] == '["' else value
        return value


def _said(name: str, fact: Any) -> str:
    if isinstance(fact, int):
        return number_format(fact)
    if isinstance(fact, list | tuple):
        is_one = bool(fact) and isinstance(fact[0], str)
        fact = str(Phrase(*fact)).rstrip("…") if is_one else ", ".join(_said("", it) for it in fact)
    return str(capfirst(str(fact)) if name[:1].isupper() else fact)
