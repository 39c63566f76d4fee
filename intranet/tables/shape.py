"""From rows to a table: where the header is, what is no row, and how to say so."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import tablib
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from .. import progress
from ..trace.phrases import phrase
from .cells import ERRORS, tidy

MAX_BYTES = 20_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 100
MAX_CELL = 10_000  # characters
PREAMBLE = 20  # rows among which the header is looked for
TOTAL = re.compile(
    r"(grand total|totals?|sum|count|summe|gesamt\w*|insgesamt|anzahl|somme|nombre)\b", re.I
)
OTHER = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0")
NO_TABLE = _lazy(
    "This is no table that can be read here: choose an Excel file (.xlsx) or a CSV file."
)
NO_ROWS = _lazy("This file has no rows below its header.")


def too_many() -> str:
    return str(phrase("This file has more than %(limit)s rows: split it, please.", limit=MAX_ROWS))


def too_wide() -> str:
    return str(phrase("This file has more than %(limit)d columns.", limit=MAX_COLUMNS))


Row = tuple[int, list[str]]  # the line on which it starts, and its cells
IsKnown = Callable[[str], bool]  # tells names of columns


def none(name: str) -> bool:
    return False


class UnreadableTable(ValueError):
    """The file is no table of ours; the text says why, and on which line."""


@dataclass
class How:
    """How a file was read: `facts` (what, words) for everybody, `warnings` to be looked at."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    guessed: bool = False

    def add(self, what: str, words: str) -> None:
        self.facts.append((what, words))


class Table(tablib.Dataset):
    """A dataset of texts that knows on which line of the file each row starts, and `how`."""

    lines: list[int]
    how: How


def check_size(data: bytes) -> None:
    if not data.strip():
        raise UnreadableTable(_("This file is empty."))
    if len(data) > MAX_BYTES:
        raise UnreadableTable(too_large(len(data)))
    if is_other(data):
        raise UnreadableTable(NO_TABLE)


def is_other(data: bytes) -> bool:
    """Return whether a file is a PDF, a picture or of an old Excel, as its first bytes say."""
    return data.startswith(OTHER)


def too_large(size: int) -> str:
    """Return the sentence that refuses a file of `size` bytes."""
    size, limit = (number_format(count / 1_000_000, 1) for count in (size, MAX_BYTES))
    text = _("This file is too large (%(size)s MB); the limit is %(limit)s MB.")
    return text % {"size": size, "limit": limit}


def tabulate(rows: Iterable[Row], how: How, is_known: IsKnown) -> Table:
    """Return the table of all rows that are not blank, and note in `how` what was left out.

    The header is the first row, or, among the first PREAMBLE rows, the one with most cells that
    `is_known` takes for names of columns. Raises UnreadableTable.
    """
    rows = _filled(rows)
    start = header_index([row for _, row in rows], is_known)
    above, (line, header), below = rows[:start], rows[start], rows[start + 1 :]
    totals = [below.pop()] if below and _is_total(below[-1][1]) else []
    if len(below) > MAX_ROWS:
        raise UnreadableTable(too_many())
    if not below:
        raise UnreadableTable(NO_ROWS)
    how.add(_("Header"), _("line %(line)d") % {"line": line})
    how.add(_("Rows"), number_format(len(below)))
    for words, left in (
        (_("above the header: %(lines)s"), above),
        (_("a line of totals: %(lines)s"), totals),
    ):
        if quoted := _("; ").join(_quoted(line, row) for line, row in left):
            how.add(_("Left out"), words % {"lines": quoted})
    return _table(header, below, how)


def _quoted(line: int, row: list[str]) -> str:
    text = " ".join(filter(None, row))[:60]
    return _("line %(line)d “%(text)s”") % {"line": line, "text": text}


def header_index(rows: list[list[str]], is_known: IsKnown) -> int:
    """Return which of `rows` names the columns."""
    found = [sum(map(is_known, filter(None, row))) for row in rows[:PREAMBLE]]
    best = max(range(len(found)), key=found.__getitem__)
    whole = len(list(filter(None, rows[best])))
    return best if found[best] > 1 or found[best] == whole else 0


def _filled(rows: Iterable[Row]) -> list[Row]:
    filled = []
    for line, row in rows:
        progress.advance(0)
        row = [_cell(line, cell) for cell in row]
        if any(row):
            filled.append((line, row))
        if len(filled) > MAX_ROWS + PREAMBLE + 1:
            raise UnreadableTable(too_many())
    if not filled:
        raise UnreadableTable(NO_ROWS)
    return filled


def _cell(line: int, cell: str) -> str:
    if "\0" in cell:
        raise UnreadableTable(_("Line %(line)d holds a NUL character.") % {"line": line})
    if len(cell) > MAX_CELL:
        text = _("Line %(line)d holds a cell of more than %(limit)s characters.")
        raise UnreadableTable(text % {"line": line, "limit": number_format(MAX_CELL)})
    cell = tidy(cell)
    if re.match(ERRORS, cell):
        text = _("Line %(line)d holds the error %(cell)s.")
        raise UnreadableTable(text % {"line": line, "cell": cell})
    return cell


def _is_total(row: list[str]) -> bool:
    """Tell a last line such as "Total: 12" from a person: but for its label, it only counts."""
    label, *others = filter(None, row)
    counts = all(re.search(r"\d", cell) and "@" not in cell for cell in others)
    return bool(TOTAL.match(label)) and "@" not in label and counts


def _table(header: list[str], rows: list[Row], how: How) -> Table:
    """Return the columns that have a name; a nameless one may not hold anything."""
    named = [index for index, name in enumerate(header) if name]
    if len(named) > MAX_COLUMNS:
        raise UnreadableTable(too_wide())
    table = Table(headers=[header[index] for index in named])
    table.how, table.lines = how, [line for line, _cells in rows]
    width = named[-1] + 1
    for line, row in rows:
        if any(row[width:]):
            text = phrase(
                "Line %(line)d has %(cells)d cells, the header has %(width)d.",
                line=str(line),
                cells=len(row),
                width=width,
            )
            raise UnreadableTable(str(text))
        row = row + [""] * (width - len(row))
        for number, (name, cell) in enumerate(zip(header[:width], row, strict=False), 1):
            if cell and not name:
                text = _("Column %(number)d has no header, but line %(line)d fills it.")
                raise UnreadableTable(text % {"number": number, "line": line})
        table.append([row[index] for index in named])
    return table
