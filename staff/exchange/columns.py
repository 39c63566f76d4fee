"""The columns of a table of people, and the text that each holds for a person."""

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import override

from intranet.tables import Table, UnreadableTable, damage
from intranet.trace.phrases import nphrase

from ..models import Department, Profile, User
from ..profiles import profile_of

COLUMNS = {
    "staff_number": _lazy("Staff number"),
    "email": _lazy("E-mail"),
    "first_name": _lazy("First name"),
    "last_name": _lazy("Last name"),
    "job_title": _lazy("Job"),
    "department": _lazy("Department"),
    "manager": _lazy("Manager"),
    "phone": _lazy("Phone"),
    "location": _lazy("Location"),
    "started_on": _lazy("Start date"),
    "left_on": _lazy("Leaving date"),
    "groups": _lazy("Groups"),
    "is_staff": _lazy("Can sign in"),
    "is_active": _lazy("Active"),
}
HERE = Path(__file__).parent
ALSO = tomllib.loads((HERE / "headers.toml").read_text(encoding="utf-8"))
EXAMPLE = HERE / "example.csv"  # a file to start from, with two people
ACCOUNT = {"email", "first_name", "last_name", "groups", "is_staff", "is_active"}
KEYS = ("staff_number", "email")  # what somebody is recognised by, in this order


def _key(header: str) -> str:
    """Return the letters and digits of `header`, small and without accents."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", header)).casefold()


@cache
def headers() -> dict[str, str]:
    """Return the column that each header stands for, in all languages of the site."""
    found = {_key(header): name for name in COLUMNS for header in [name, *ALSO[name]]}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {_key(str(label)): name for name, label in COLUMNS.items()}
    return found


def nobody() -> dict[str, str]:
    """Return what each column says about somebody who is new."""
    return dict.fromkeys(COLUMNS, "") | {"is_staff": to_text(False), "is_active": to_text(True)}


def texts(user: User) -> dict[str, str]:
    """Return what each column says about `user`."""
    profile = profile_of(user)
    return {name: to_text(getattr(user if name in ACCOUNT else profile, name)) for name in COLUMNS}


def to_text(value) -> str:
    """Return a value as a cell says it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, User):
        return value.email
    if isinstance(value, date | Department):
        return str(value)
    if not value or isinstance(value, str):
        return value or ""
    groups = value if isinstance(value, Iterable) else value.all()
    return join(map(str, groups))


def join(names: Iterable[str]) -> str:
    """Return names in one cell, separated by commas; a name that holds one is quoted."""
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow(sorted(names))
    return cell.getvalue()


def split(cell: str) -> list[str]:
    """Return the names in a cell that `join` or a person wrote."""
    rows = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [name.strip() for row in rows for name in row if name.strip()]


def is_column(header: str) -> bool:
    """Return whether people call one of the columns so."""
    return _key(header) in headers()


def check(table: Table) -> Table:
    """Return `table` with its columns called by the keys of COLUMNS.

    Raises UnreadableTable for columns that are unknown, forbidden or doubled.
    """
    names = _names(table.headers)
    _check_headers(table.headers, names)
    table.headers = names
    return table


def _names(headers_there: list[str]) -> list[str | None]:
    """Return the column of each header; a "Name" beside a first name is the last name."""
    names = [headers().get(_key(header)) for header in headers_there]
    if "first_name" in names and "last_name" not in names:
        names = [
            name or ("last_name" if _key(header) == "name" else None)
            for name, header in zip(names, headers_there, strict=True)
        ]
    return names


def _check_headers(headers_there: list[str], names: list[str | None]) -> None:
    possible = ", ".join(map(str, COLUMNS.values()))
    unknown = sorted({h for h, name in zip(headers_there, names, strict=True) if not name})
    meant = "".join(map(_did_you_mean, unknown))
    if not any(names):
        text = _("This file has no header: one row must name %(possible)s.")
        raise UnreadableTable(text % {"possible": possible} + meant)
    if unknown:
        text = nphrase(
            "The column %(columns)s cannot be imported.",
            "The columns %(columns)s cannot be imported.",
            len(unknown),
            columns=_quoted(unknown),
        )
        known = _("Possible are %(possible)s.") % {"possible": possible}
        raise UnreadableTable(f"{text}{meant} {known}")
    for name in filter(lambda name: names.count(name) > 1, names):
        same = [h for h, other in zip(headers_there, names, strict=True) if other == name]
        text = _("There are two columns %(columns)s: both mean “%(name)s”.")
        raise UnreadableTable(text % {"columns": _quoted(same), "name": COLUMNS[name]})
    if not set(KEYS) & set(names):
        raise UnreadableTable(_("A column “E-mail” or “Staff number” is needed."))


def _did_you_mean(header: str) -> str:
    near = get_close_matches(_key(header), headers(), n=1)
    if not near:
        return ""
    text = _("“%(header)s”: did you mean “%(name)s”?")
    return " " + text % {"header": header[:50], "name": COLUMNS[headers()[near[0]]]}


def _quoted(headers_there: Iterable[str]) -> str:
    return ", ".join(_("“%(text)s”") % {"text": it[:50]} for it in sorted(headers_there)[:20])


def doubled(name: str, cell: str, line: int) -> str:
    """Return the sentence that `line` has the same; empty for a cell that is wrong by itself."""
    field = (User if name == "email" else Profile)._meta.get_field(name)
    try:
        field.clean(cell, None)
    except ValidationError:
        return ""
    if damage(cell):
        return ""
    if name == "email":
        return _("Line %(line)d has this e-mail address already.") % {"line": line}
    return _("Line %(line)d has this staff number already.") % {"line": line}
