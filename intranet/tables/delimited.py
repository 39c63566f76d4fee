"""Tables in text files: commas, semicolons, tabs or bars between the cells."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ..trace.phrases import phrase
from . import shape
from .encodings import decode
from .shape import PREAMBLE, How, IsKnown, Row, Table, UnreadableTable, none

DELIMITERS = {
    ",": _lazy("commas"),
    ";": _lazy("semicolons"),
    "\t": _lazy("tabs"),
    "|": _lazy("bars"),
}
SEP_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?(?:\r\n?|\n)', re.I)  # by Excel, above the header
AS_TEXT = re.compile('="([^"]*)"')  # a formula that keeps Excel from taking a text for a number


def read_csv(data: bytes, encoding: str = "", is_known: IsKnown = none) -> Table:
    """Read a text file with any delimiter and line ends, in `encoding` or the likeliest one.

    `is_known` tells names of columns, to find the header by. Raises UnreadableTable.
    """
    shape.check_size(data)
    how = How()
    text = decode(data, encoding, how)
    try:
        return shape.tabulate(_rows(text, is_known, how), how, is_known)
    except csv.Error as error:
        if "field limit" in str(error):  # not shown
            limit = shape.MAX_CELL
            text = phrase("This file holds a cell of more than %(limit)s characters.", limit=limit)
            raise UnreadableTable(str(text)) from error
        raise UnreadableTable(_("A quotation mark in this file is not closed.")) from error


def _rows(text: str, is_known, how: How) -> Iterator[Row]:
    """Yield the rows below a line such as "sep=;", which names the delimiter."""
    announced = SEP_LINE.match(text)
    mark = announced[1] if announced else _delimiter(text, is_known)
    how.add(_("Delimiter"), str(DELIMITERS.get(mark, f"“{mark}”")))
    text = text[announced.end() :] if announced else text
    start = first = 2 if announced else 1
    reader = _reader(text, mark)
    for row in reader:
        yield start, [AS_TEXT.sub(r"\1", cell) if AS_TEXT.fullmatch(cell) else cell for cell in row]
        start = reader.line_num + first


def _reader(text: str, mark: str):
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=mark, strict=True, skipinitialspace=True
    )


def _delimiter(text: str, is_known) -> str:
    """Return the delimiter that finds most names of columns, then most columns, in the header."""

    def found(mark: str) -> tuple[int, int]:
        rows = []
        with suppress(csv.Error):  # said in words when the rows are read
            for row in islice(_reader(text, mark), 2 * PREAMBLE):
                rows += [[cell.strip() for cell in row]] if any(row) else []
        header = rows[shape.header_index(rows, is_known)] if rows else []
        return sum(map(is_known, header)), len(header)

    return max(DELIMITERS, key=found)
