"""Tables in Excel workbooks."""

import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import openpyxl
from django.core.files.base import ContentFile
from openpyxl.utils import range_boundaries

from ..files.contents import BrokenFile, check_archive
from . import shape
from .shape import MAX_COLUMNS, MAX_ROWS, PREAMBLE, How, Row, Table, UnreadableTable

XLSX_NEEDS = {"[Content_Types].xml", "xl/workbook.xml"}
MAX_UNPACKED = 500_000_000  # bytes that are looked through, a piece at a time
LIMIT = 30_000_000  # bytes of a part that holds something, which is what is parsed
CHUNK = 1_000_000  # bytes
EMPTY_CELL = re.compile(rb'<c r="[^<>]*(?:/>|></c>)')
EMPTY_ROW = re.compile(rb'<row r="[^<>]*(?:/>|>\s*</row>)')
ROW_NUMBER = re.compile(rb"""<(?:\w+:)?row(?=\s)[^<>]*?\sr=["'](\d+)""")
MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^<>]*?ref=["']([A-Z]+\d+:[A-Z]+\d+)""")
FORMAT = re.compile(r'"([^"]*)"|\\(.)|(?:\[[\w$-]+\]|[_*].)|([-+()/: ])|(.)')
DIGITS = 15  # that a spreadsheet keeps of a number
UNCALCULATED = re.compile(  # but for a text, whose result may be empty
    rb"""<((?:\w+:)?)c(?=\s)(?![^<>]*\st=["']str["'])(?>[^<>]*?\sr=["']([A-Z]+\d+))[^<>]*+>\s*"""
    rb"""<\1f\b[^<]*(?:</\1f>)?\s*(?:<\1v\s*/>|<\1v></\1v>)?\s*</\1c>"""
)


def is_xlsx(data: bytes) -> bool:
    return data.startswith(b"PK\3\4")


def read_xlsx(data: bytes, is_known: Callable[[str], bool] | None = None) -> Table:
    """Read the first visible sheet of a workbook that holds anything. Raises UnreadableTable."""
    data, how = squeezed(data), How(fills_up=True)
    shape.check_size(data)
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return shape.tabulate(_rows(_sheet(workbook, how, is_known)), how, is_known)
    except UnreadableTable:
        raise
    except Exception as error:  # the parser raises whatever it likes
        raise UnreadableTable("This Excel file cannot be read.") from error


def squeezed(data: bytes) -> bytes:
    """Return the workbook without cells and rows that are styled but empty.

    A spreadsheet may write a million of them, which take minutes to parse and hold nothing.
    Raises UnreadableTable for what is no workbook, and for a formula without its result.
    """
    try:
        archive = check_archive(ContentFile(data), MAX_UNPACKED)
        if not XLSX_NEEDS.issubset(archive.namelist()):
            raise BrokenFile("it is not a workbook")
        return _squeeze(data)
    except UnreadableTable:
        raise
    except BrokenFile as error:
        raise UnreadableTable(f"This Excel file is not in order: {error}.") from error
    except Exception as error:  # a damaged archive raises anything
        raise UnreadableTable("This Excel file is not in order: it is damaged.") from error


def _squeeze(data: bytes) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            is_sheet = name.startswith("xl/worksheets/")
            with old.open(name) as part:
                whole = _bounded(_pieces(part) if is_sheet else [part.read(LIMIT + 1)])
            if is_sheet:
                _check_order(whole)
            new.writestr(name, whole)
    return stream.getvalue()


def _check_order(sheet: bytes) -> None:
    """Refuse rows that the parser would pass over without a word."""
    numbers = [int(number) for number in ROW_NUMBER.findall(sheet)]
    if any(later <= number for number, later in pairwise(numbers)):
        raise BrokenFile("its rows are out of order; open it in Excel and save it")


def _bounded(pieces: Iterable[bytes]) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > LIMIT:
            raise BrokenFile("it unpacks to far too much")
    return bytes(whole)


def _pieces(sheet) -> Iterator[bytes]:
    """Yield a sheet in pieces of whole rows, without what is empty."""
    rest = b""
    while chunk := sheet.read(CHUNK):
        rest = _bounded([rest, chunk])
        cut = max(rest.rfind(b"<row "), 0)
        yield _without_empty(rest[:cut])
        rest = rest[cut:]
    yield _without_empty(rest)


def _without_empty(piece: bytes) -> bytes:
    if cell := UNCALCULATED.search(piece):
        raise UnreadableTable(
            f"Cell {cell[2].decode()} holds a formula that was never calculated: "
            "open the file in Excel and save it."
        )
    return EMPTY_ROW.sub(b"", EMPTY_CELL.sub(b"", piece))


def _sheet(workbook, how: How, is_known):
    """Return the visible sheet that names most columns, or else holds anything; say which."""
    sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    for sheet in sheets:
        sheet.reset_dimensions()  # what the file says of itself may be less than there is
    used = [sheet for sheet in sheets if any(map(any, sheet.iter_rows(values_only=True)))]
    chosen = max(used, key=lambda sheet: _known(sheet, is_known), default=workbook.worksheets[0])
    others = ", ".join(f"“{sheet.title}”" for sheet in used if sheet is not chosen)
    how.add("Sheet", f"“{chosen.title}”" + (f"; not read: {others}" if others else ""))
    return chosen


def _known(sheet, is_known) -> int:
    """Return how many names of columns the likeliest header of a sheet has."""
    rows = sheet.iter_rows(max_row=2 * PREAMBLE, values_only=True) if is_known else ()
    return max((sum(is_known(str(cell)) for cell in row if cell) for row in rows), default=0)


def _rows(sheet) -> Iterator[Row]:
    spread = _spread(sheet)
    for line, cells in enumerate(sheet.iter_rows(), 1):
        row = [_text(cell) for cell in cells]
        if not any(row):
            continue
        spread(line, row)
        if line > 4 * MAX_ROWS:
            raise UnreadableTable(shape.too_many())
        if any(row[MAX_COLUMNS:]):
            raise UnreadableTable(shape.too_wide())
        yield line, row[:MAX_COLUMNS]


def _spread(sheet) -> Callable[[int, list[str]], None]:
    """Return what gives each row the text of a cell that is merged with cells above it."""
    with sheet._get_source() as source:  # openpyxl has it only where a whole sheet is in memory
        ranges = [range_boundaries(ref.decode()) for ref in MERGED.findall(source.read())]
    ends = {(top, left - 1): bottom for left, top, _, bottom in ranges if bottom > top}
    held = {}

    def spread(line: int, row: list[str]) -> None:
        for column, (bottom, text) in held.items():
            if line <= bottom:
                row += [""] * (column + 1 - len(row))
                row[column] = row[column] or text
        for column, text in enumerate(row):
            if (line, column) in ends:
                held[column] = ends[line, column], text

    return spread


def _text(cell) -> str:
    """Return what an Excel cell holds as the text somebody would type."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        if abs(value) >= 10**DIGITS:
            raise UnreadableTable(
                f"Cell {cell.coordinate} holds a number of more than {DIGITS} digits, of which "
                f"Excel keeps {DIGITS}: write it as text."
            )
        return shown(value, cell.number_format)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)


def shown(number: int, number_format: str) -> str:
    """Return a whole number as its format shows it: 123 in the format "P"00000 is P00123."""
    section = number_format.partition(";")[0].replace("General", "0")
    parts = FORMAT.findall(section)
    places = "".join(place for *_, place in parts)
    if number < 0 or not places or places.strip("0#?"):
        return str(number)
    digits, text = list(str(number)), ""
    for *literal, place in reversed(parts):
        if place:
            places = places[:-1]
            last = digits.pop() if digits else "0" * (place == "0")
            text = last + text if places else "".join(digits) + last + text
        text = "".join(literal) + text
    return text.strip()
