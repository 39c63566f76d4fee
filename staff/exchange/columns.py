"""The columns of a table of people, and the text that each holds for a person."""

import csv
import io
import re
from collections.abc import Iterable

from intranet.addresses import key
from intranet.tables import Table, UnreadableTable

from ..models import User

COLUMNS = {
    "staff_number": "Staff number",
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job",
    "department": "Department",
    "manager": "Manager",
    "started_on": "Start date",
    "groups": "Groups",
    "is_staff": "Can sign in",
    "is_active": "Active",
}
KEYS = ("staff_number", "email")  # what somebody is recognised by, in this order
NOBODY = dict.fromkeys(COLUMNS, "") | {"is_staff": "no", "is_active": "yes"}


def example(department: str) -> list[list[str]]:
    """Return the rows of a file to start from: the header, and two people of a department."""
    return [
        list(COLUMNS.values()),
        ["1001", "ada.example@example.com", "Ada", "Example", "Team lead", department, "",
         "2024-03-01", "User", "yes", "yes"],
        ["1002", "ben.sample@example.com", "Ben", "Sample", "Clerk", department,
         "ada.example@example.com", "2025-09-15", "User", "no", "yes"],
    ]  # fmt: skip


def texts(user: User) -> dict[str, str]:
    """Return what each column says about `user`."""
    profile = getattr(user, "profile", None)
    department, manager = (profile.department, profile.manager) if profile else (None, None)
    return {
        "staff_number": (profile and profile.staff_number) or "",
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "job_title": profile.job_title if profile else "",
        "department": department.name if department else "",
        "manager": manager.email if manager else "",
        "started_on": profile.started_on.isoformat() if profile and profile.started_on else "",
        "groups": join(group.name for group in user.groups.all()),
        "is_staff": yes_no(user.is_staff),
        "is_active": yes_no(user.is_active),
    }


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def join(names: Iterable[str]) -> str:
    """Return names in one cell, separated by commas; a name that holds one is quoted."""
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow(sorted(names))
    return cell.getvalue()


def split(cell: str) -> list[str]:
    """Return the names in a cell that `join` or a person wrote."""
    rows = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [name.strip() for row in rows for name in row if name.strip()]


def check(table: Table) -> Table:
    """Return `table` with its columns called as COLUMNS does.

    Raises UnreadableTable for columns that are unknown, forbidden or doubled, and for an e-mail
    address or staff number that two rows claim.
    """
    known = {_key(label): label for label in COLUMNS.values()}
    labels = [known.get(_key(header)) for header in table.headers]
    _check_headers(table.headers, labels)
    table.headers = labels
    for name in KEYS:
        if COLUMNS[name] in labels:
            _check_unique(table, COLUMNS[name])
    return table


def _key(header: str) -> str:
    return re.sub(r"[\W_]+", "", header).casefold()


def _check_headers(headers: list[str], labels: list[str | None]) -> None:
    possible = ", ".join(COLUMNS.values())
    if not any(labels):
        raise UnreadableTable(f"This file has no header: its first row must name {possible}.")
    if doubled := {h for h in headers if list(map(_key, headers)).count(_key(h)) > 1}:
        raise UnreadableTable(f"There are two columns {_quoted(doubled)}.")
    if unknown := {h for h, label in zip(headers, labels, strict=True) if not label}:
        what = "The column" if len(unknown) == 1 else "The columns"
        raise UnreadableTable(
            f"{what} {_quoted(unknown)} cannot be imported. Possible are {possible}."
        )
    if not {COLUMNS[name] for name in KEYS} & set(labels):
        raise UnreadableTable("A column “E-mail” or “Staff number” is needed.")


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
