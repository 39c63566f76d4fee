"""Tables in uploaded files: read with suspicion, written so that no spreadsheet runs them."""

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Iterator

import openpyxl
import tablib
from django.core.files.base import ContentFile
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from .contents import BrokenFile, check_archive

MAX_BYTES = 1_500_000  # a confirmed import travels in a form, whose limit is 2.5 MB
MAX_ROWS = 5_000
MAX_COLUMNS = 100
MAX_CELL = 10_000  # characters
XLSX_MAX_UNPACKED = 30_000_000  # bytes
XLSX_NEEDS = {"[Content_Types].xml", "xl/workbook.xml"}
DELIMITERS = ",;\t"
ESCAPED = re.compile(r"'+[=+\-@\t\r\0]")
FORMULA = re.compile(r"'*[=+\-@\t\r\0]")


class UnreadableTable(ValueError):
    """The file is no table of ours; the text says why, and on which line."""


class Table(tablib.Dataset):
    """A dataset of texts that knows on which line of the file each row starts."""

    lines: list[int]


def escape(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula; `unescape` undoes it."""
    text = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{text}" if FORMULA.match(text) else text


def unescape(cell: str) -> str:
    return cell[1:] if ESCAPED.match(cell) else cell


def is_xlsx(data: bytes) -> bool:
    return data.startswith(b"PK\3\4")


def read_csv(data: bytes) -> Table:
    """Read a CSV file: UTF-8, UTF-16 or cp1252; commas, semicolons or tabs; any line ends.

    Raises UnreadableTable.
    """
    check_size(data)
    text = _decode(data)
    try:
        return _table(_csv_rows(text, _delimiter(text)), same_length=True)
    except csv.Error as error:
        if "field limit" in str(error):
            raise UnreadableTable(_too_long()) from error
        raise UnreadableTable("A quotation mark in this file is not closed.") from error


def read_xlsx(data: bytes) -> Table:
    """Read the first sheet of an Excel workbook. Raises UnreadableTable."""
    check_size(data)
    try:
        check_archive(ContentFile(data), "a workbook", XLSX_NEEDS, XLSX_MAX_UNPACKED)
    except (BrokenFile, zipfile.BadZipFile, OSError) as error:
        raise UnreadableTable(f"This Excel file is not in order: {error}.") from error
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return _table(_xlsx_rows(workbook.worksheets[0]))
    except UnreadableTable:
        raise
    except Exception as error:  # the parser raises whatever it likes
        raise UnreadableTable("This Excel file cannot be read.") from error


def check_size(data: bytes) -> None:
    if not data.strip():
        raise UnreadableTable("This file is empty.")
    if len(data) > MAX_BYTES:
        raise UnreadableTable(too_large(len(data)))


def too_large(size: int) -> str:
    """Return the sentence that refuses a file of `size` bytes."""
    size, limit = (f"{count / 1_000_000:.1f} MB" for count in (size, MAX_BYTES))
    return f"This file is too large ({size}); the limit is {limit}."


def _decode(data: bytes) -> str:
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if utf16 else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise UnreadableTable("This file holds NUL characters: it is not a CSV file.")
        return text
    raise UnreadableTable("This is not a text file. Accepted is CSV or Excel (.xlsx).")


def _delimiter(text: str) -> str:
    """Return the delimiter that finds most columns in the first row."""

    def columns(mark):
        return len(next(csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=mark), ()))

    return max(DELIMITERS, key=columns)


def _csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    for row in reader:
        yield start, row
        start = reader.line_num + 1


def _xlsx_rows(sheet) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if line > 4 * MAX_ROWS:
            raise UnreadableTable(_too_many())
        for cell in row:
            if cell.data_type == "e":
                raise UnreadableTable(f"Line {line} holds the error {cell.value}.")
        yield line, [_text(cell.value) for cell in row]


def _text(value) -> str:
    """Return what an Excel cell holds as the text somebody would type."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)


def _table(rows: Iterable[tuple[int, list[str]]], same_length=False) -> Table:
    """Return the table of all rows that are not blank, the first being its header."""
    table, width = None, 0
    for line, row in rows:
        row = [_cell(line, cell) for cell in row]
        if not any(row):
            continue
        if table is None:
            table, width = _headed(row)
            continue
        if any(row[width:]) or (same_length and len(row) < width):
            raise UnreadableTable(f"Line {line} has {len(row)} cells, the header has {width}.")
        table.append((row + [""] * width)[:width])
        table.lines.append(line)
        if len(table.lines) > MAX_ROWS:
            raise UnreadableTable(_too_many())
    if table is None or not table.lines:
        raise UnreadableTable("This file has no rows below its header.")
    return table


def _headed(row: list[str]) -> tuple[Table, int]:
    while not row[-1]:
        row.pop()
    if len(row) > MAX_COLUMNS:
        raise UnreadableTable(f"This file has more than {MAX_COLUMNS} columns.")
    if not all(row):
        raise UnreadableTable(f"Column {row.index('') + 1} has no header.")
    table = Table(headers=row)
    table.lines = []
    return table, len(row)


def _cell(line: int, cell: str) -> str:
    if "\0" in cell:
        raise UnreadableTable(f"Line {line} holds a NUL character.")
    if len(cell) > MAX_CELL:
        raise UnreadableTable(_too_long(line))
    return tidy(cell)


def tidy(text: str) -> str:
    """Return `text` with one kind of line end and no blanks around it."""
    return re.sub(r"\r\n?", "\n", text).strip(" \n\u00a0")


def _too_long(line: int | None = None) -> str:
    where = f"Line {line}" if line else "This file"
    return f"{where} holds a cell of more than {MAX_CELL:,} characters."


def _too_many() -> str:
    return f"This file has more than {MAX_ROWS:,} rows: split it, please."
