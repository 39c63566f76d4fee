"""The columns of a table of people, and the text that each holds for a person."""

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from intranet.addresses import key
from intranet.tables import Table, UnreadableTable

from ..models import Department, Profile, User

COLUMNS = {
    "staff_number": "Staff number",
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job",
    "department": "Department",
    "manager": "Manager",
    "phone": "Phone",
    "location": "Location",
    "started_on": "Start date",
    "left_on": "Leaving date",
    "groups": "Groups",
    "is_staff": "Can sign in",
    "is_active": "Active",
}
HERE = Path(__file__).parent
ALSO = tomllib.loads((HERE / "headers.toml").read_text(encoding="utf-8"))
EXAMPLE = HERE / "example.csv"  # a file to start from, with two people
ACCOUNT = {"email", "first_name", "last_name", "groups", "is_staff", "is_active"}
KEYS = ("staff_number", "email")  # what somebody is recognised by, in this order
NOBODY = dict.fromkeys(COLUMNS, "") | {"is_staff": "no", "is_active": "yes"}


def _key(header: str) -> str:
    """Return the letters and digits of `header`, small and without accents."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", header)).casefold()


HEADERS = {_key(header): name for name, label in COLUMNS.items() for header in [label, *ALSO[name]]}


def texts(user: User) -> dict[str, str]:
    """Return what each column says about `user`."""
    profile = getattr(user, "profile", None) or Profile()
    return {name: to_text(getattr(user if name in ACCOUNT else profile, name)) for name in COLUMNS}


def to_text(value) -> str:
    """Return a value as a cell says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, User):
        return value.email
    if isinstance(value, date | Department):
        return str(value)
    if not value or isinstance(value, str):
        return value or ""
    groups = value if isinstance(value, Iterable) else value.all()
    return join(group.name for group in groups)


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
    return _key(header) in HEADERS


def check(table: Table) -> Table:
    """Return `table` with its columns called as COLUMNS does.

    Raises UnreadableTable for columns that are unknown, forbidden or doubled, and for an e-mail
    address or staff number that two rows claim.
    """
    labels = _labels(table.headers)
    _check_headers(table.headers, labels)
    table.headers = labels
    for name in KEYS:
        if COLUMNS[name] in labels:
            _check_unique(table, COLUMNS[name])
    return table


def _labels(headers: list[str]) -> list[str | None]:
    """Return the label of each header; a "Name" beside a first name is the last name."""
    names = [HEADERS.get(_key(header)) for header in headers]
    if "first_name" in names and "last_name" not in names:
        names = [
            name or ("last_name" if _key(header) == "name" else None)
            for name, header in zip(names, headers, strict=True)
        ]
    return [COLUMNS.get(name) for name in names]


def _check_headers(headers: list[str], labels: list[str | None]) -> None:
    possible = ", ".join(COLUMNS.values())
    unknown = {h for h, label in zip(headers, labels, strict=True) if not label}
    meant = "".join(map(_did_you_mean, sorted(unknown)))
    if not any(labels):
        raise UnreadableTable(f"This file has no header: one row must name {possible}.{meant}")
    if unknown:
        what = "The column" if len(unknown) == 1 else "The columns"
        raise UnreadableTable(
            f"{what} {_quoted(unknown)} cannot be imported.{meant} Possible are {possible}."
        )
    for label in filter(lambda label: labels.count(label) > 1, labels):
        same = [h for h, other in zip(headers, labels, strict=True) if other == label]
        raise UnreadableTable(f"There are two columns {_quoted(same)}: both mean “{label}”.")
    if not {COLUMNS[name] for name in KEYS} & set(labels):
        raise UnreadableTable("A column “E-mail” or “Staff number” is needed.")


def _did_you_mean(header: str) -> str:
    near = get_close_matches(_key(header), HEADERS, n=1)
    return f" “{header[:50]}”: did you mean “{COLUMNS[HEADERS[near[0]]]}”?" if near else ""


def _quoted(headers: Iterable[str]) -> str:
    return ", ".join(f"“{header[:50]}”" for header in sorted(headers)[:20])


def _check_unique(table: Table, label: str) -> None:
    seen = {}
    for line, cell in zip(table.lines, table[label], strict=True):
        claim = key(cell) if label == COLUMNS["email"] else cell
        first = seen.setdefault(claim, line)
        if cell and first != line:
            raise UnreadableTable(
                f"Lines {first} and {line} have the same {label.lower()}: {cell[:100]}."
            )
