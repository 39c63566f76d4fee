"""The doctor: what is always to be true of the site, asked of the site itself; it changes nothing.

Each floor adds its own checks when it is ready; this one names none of those above. What a system
check says is taken over, so that it is written once.
"""

import logging
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import nullcontext
from functools import cache
from typing import NamedTuple

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.checks import WARNING, CheckMessage, run_checks
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import sidebar
from .trace.phrases import Phrase
from .trace.telling import named
from .wording import words_of

logger = logging.getLogger(__name__)

Said = Callable[[], list[CheckMessage]]


class Finding(NamedTuple):
    """One thing that is broken: how many and the first of them, and what to do about it."""

    what: str
    to_do: str
    model: type[Model] | None = None  # whose list shows them, at this address
    query: str = ""


class Check(NamedTuple):
    title: str | Promise  # what is to be true
    # With whether it has to be quick, and with what the system checks say.
    ask: Callable[[bool, Said], Iterable[Finding]]
    ids: frozenset[str] = frozenset()  # of the system checks that it speaks for


class Result(NamedTuple):
    title: str | Promise
    findings: list[Finding]
    error: str = ""  # why it could not be carried out

    @property
    def is_sound(self) -> bool:
        return not (self.findings or self.error)


_checks: list[Check] = []


def add(title: str | Promise, ask: Callable[[bool], Iterable[Finding]]) -> None:
    """Have `ask(quick)` say what is broken of what `title` says is true."""
    _checks.append(Check(title, lambda quick, said: ask(quick)))


def take_over(title: str | Promise, *ids: str) -> None:
    """Have what the system checks with these ids say stand under a title of its own."""
    wanted = frozenset(ids)
    _checks.append(Check(title, lambda quick, said: findings_of(said(), wanted), wanted))


def those(
    names: Iterable[str],
    sentence: Phrase,
    to_do: str,
    model: type[Model] | None = None,
    query: str = "",
) -> list[Finding]:
    """Return a finding about those named, if there are any; `sentence` says what is wrong."""
    found = list(names)
    if not found:
        return []
    return [Finding(str(named(sentence.of(len(found)), found)), to_do, model, query)]


def examine(quick: bool = False) -> Iterator[Result]:
    """Carry out all checks; one that fails says so, and keeps no other from being carried out."""
    said = cache(system_checks)  # once for all that ask
    for check in [*_checks, Check(gettext_lazy("The system checks find nothing"), others)]:
        try:
            with savepoint():
                findings = list(check.ask(quick, said))
        except Exception as error:
            logger.exception("%r could not be checked", str(check.title))
            yield Result(check.title, [], words_of(error))
        else:
            yield Result(check.title, findings)


def savepoint():
    """Keep a query that fails from spoiling the transaction, if there is one."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def system_checks() -> list[CheckMessage]:
    """Return what the system checks say that is serious."""
    # The tables are there, so it does; Django finds out by a transaction, which waits for writers.
    connection.features.supports_json_field = True
    messages = run_checks(databases=[DEFAULT_DB_ALIAS])
    return [it for it in messages if it.is_serious(WARNING) and not it.is_silenced()]


def findings_of(messages: list[CheckMessage], wanted: Container[str]) -> list[Finding]:
    return [Finding(str(it.msg), str(it.hint or "")) for it in messages if it.id in wanted]


def others(quick: bool, said: Said) -> list[Finding]:
    taken = frozenset[str]().union(*(it.ids for it in _checks))
    return findings_of(said(), {it.id for it in said()} - taken)


@permission_required("intranet.receive_notices", raise_exception=True)
def page(request):
    """Show what is in order and what is not, without reading the contents of all files."""
    results = [
        {
            "title": it.title,
            "error": it.error,
            "is_sound": it.is_sound,
            "icon": "check_circle" if it.is_sound else "error",
            "findings": [(finding, link(request, finding)) for finding in it.findings],
        }
        for it in examine(quick=True)
    ]
    results.sort(key=lambda it: it["is_sound"])
    context = admin.site.each_context(request) | {"title": _("Doctor"), "results": results}
    return render(request, "intranet/doctor.html", context)


def link(request, finding: Finding) -> str:
    """Return the address of the list that shows what is broken, for those who may open it."""
    url = finding.model and sidebar.list_url(request, finding.model)
    return url + finding.query if url else ""
