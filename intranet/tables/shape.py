"""From rows to a table: where the header is, what is no row, and how to say so."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import tablib

from .cells import ERRORS, tidy

MAX_BYTES = 1_500_000  # a confirmed import travels in a form, whose limit is 2.5 MB
MAX_ROWS = 5_000
MAX_COLUMNS = 100
MAX_CELL = 10_000  # characters
PREAMBLE = 20  # rows among which the header is looked for
TOTAL = re.compile(
    r"(grand total|totals?|sum|count|summe|gesamt\w*|insgesamt|anzahl|somme|nombre)\b", re.I
)
NO_ROWS = "This file has no rows below its header."
TOO_MANY = f"This file has more than {MAX_ROWS:,} rows: split it, please."
TOO_WIDE = f"This file has more than {MAX_COLUMNS} columns."
TOO_LONG = f"holds a cell of more than {MAX_CELL:,} characters."

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
        raise UnreadableTable("This file is empty.")
    if len(data) > MAX_BYTES:
        raise UnreadableTable(too_large(len(data)))


def too_large(size: int) -> str:
    """Return the sentence that refuses a file of `size` bytes."""
    size, limit = (f"{count / 1_000_000:.1f} MB" for count in (size, MAX_BYTES))
    return f"This file is too large ({size}); the limit is {limit}."


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
        raise UnreadableTable(TOO_MANY)
    if not below:
        raise UnreadableTable(NO_ROWS)
    how.add("Header", f"line {line}")
    how.add("Rows", f"{len(below):,}")
    for words, left in (("above the header", above), ("a line of totals", totals)):
        quoted = [f"line {line} “{' '.join(filter(None, row))[:60]}”" for line, row in left]
        if quoted:
            how.add("Left out", f"{words}: {'; '.join(quoted)}")
    return _table(header, below, how)


def header_index(rows: list[list[str]], is_known: IsKnown) -> int:
    """Return which of `rows` names the columns."""
    found = [sum(map(is_known, filter(None, row))) for row in rows[:PREAMBLE]]
    best = max(range(len(found)), key=found.__getitem__)
    whole = len(list(filter(None, rows[best])))
    return best if found[best] > 1 or found[best] == whole else 0


def _filled(rows: Iterable[Row]) -> list[Row]:
    filled = []
    for line, row in rows:
        row = [_cell(line, cell) for cell in row]
        if any(row):
            filled.append((line, row))
        if len(filled) > MAX_ROWS + PREAMBLE + 1:
            raise UnreadableTable(TOO_MANY)
    if not filled:
        raise UnreadableTable(NO_ROWS)
    return filled


def _cell(line: int, cell: str) -> str:
    if "\0" in cell:
        raise UnreadableTable(f"Line {line} holds a NUL character.")
    if len(cell) > MAX_CELL:
        raise UnreadableTable(f"Line {line} {TOO_LONG}")
    cell = tidy(cell)
    if re.match(ERRORS, cell):
        raise UnreadableTable(f"Line {line} holds the error {cell}.")
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
        raise UnreadableTable(TOO_WIDE)
    table = Table(headers=[header[index] for index in named])
    table.how, table.lines = how, [line for line, _ in rows]
    width = named[-1] + 1
    for line, row in rows:
        if any(row[width:]):
            raise UnreadableTable(f"Line {line} has {len(row)} cells, the header has {width}.")
        row = row + [""] * (width - len(row))
        for number, (name, cell) in enumerate(zip(header[:width], row, strict=False), 1):
            if cell and not name:
                raise UnreadableTable(f"Column {number} has no header, but line {line} fills it.")
        table.append([row[index] for index in named])
    return table
