"""Tables in Excel workbooks."""

import datetime
import io
import re
import zipfile
from collections.abc import Iterator

import openpyxl
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from .. import progress
from ..files.contents import BrokenFile, check_archive
from ..trace.phrases import phrase
from . import shape
from .shape import MAX_COLUMNS, MAX_ROWS, PREAMBLE, How, IsKnown, Row, Table, UnreadableTable, none

NEEDED = {"[Content_Types].xml", "xl/workbook.xml"}
MAX_UNPACKED = 300_000_000  # bytes
MAX_PART = 100_000_000  # bytes of a part without what is empty
EMPTY_CELL = re.compile(rb'<c r="[^<>]*(?:/>|></c>)')
EMPTY_ROW = re.compile(rb'<row r="[^<>]*(?:/>|>\s*</row>)')
ROW_NUMBER = re.compile(rb"""<(?:\w+:)?row(?=\s)[^<>]*?\sr=["'](\d+)""")
BELOW_ROWS = re.compile(
    rb"(</sheetData>)(?:.*?(<mergeCells.*?</mergeCells>))?.*?(</worksheet>)", re.S
)
UNCALCULATED = re.compile(  # but for a text, whose result may be empty
    rb"""<((?:\w+:)?)c(?=\s)(?![^<>]*\st=["']str["'])(?>[^<>]*?\sr=["']([A-Z]+\d+))[^<>]*+>\s*"""
    rb"""<\1f\b[^<]*(?:</\1f>)?\s*(?:<\1v\s*/>|<\1v></\1v>)?\s*</\1c>"""
)
FORMAT = re.compile(r'"([^"]*)"|\\(.)|(?:\[[\w$-]+\]|[_*].)|([-+()/: ])|(.)')
READING = phrase("Reading the file")
DIGITS = 15  # that a spreadsheet keeps of a number


def is_xlsx(data: bytes) -> bool:
    return data.startswith(b"PK\3\4")


def read_xlsx(data: bytes, is_known: IsKnown = none) -> Table:
    """Read the first visible sheet of a workbook that holds anything. Raises UnreadableTable."""
    progress.expect(0, doing=READING)
    data, how = slim(data), How()
    try:
        with progress.undisturbed():
            workbook = openpyxl.load_workbook(Followed(data), data_only=True)
        return shape.tabulate(_rows(_sheet(workbook, how, is_known)), how, is_known)
    except UnreadableTable:
        raise
    except Exception as error:  # the parser raises whatever it likes
        raise UnreadableTable(_("This Excel file cannot be read.")) from error


class Followed(io.BytesIO):
    """A file that says how many kilobytes of it were read; the parser reads a few at a time."""

    def __init__(self, data: bytes):
        super().__init__(data)
        self.taken = 0
        progress.expect(len(data) // 1000, doing=phrase("Reading the file (kB)"))

    def read(self, size: int | None = -1) -> bytes:
        piece, before = super().read(size), self.taken
        self.taken += len(piece)
        progress.advance(self.taken // 1000 - before // 1000)
        return piece


def slim(data: bytes) -> bytes:
    """Return a file as it is kept: a workbook squeezed. Raises UnreadableTable for its size."""
    data = squeezed(data) if is_xlsx(data) else data
    shape.check_size(data)
    return data


def squeezed(data: bytes) -> bytes:
    """Return the workbook without cells and rows that are styled but empty, and without drawings.

    A spreadsheet may write a million of them, which take minutes to parse and hold nothing.
    Raises UnreadableTable for what is no workbook, and for a formula without its result.
    """
    stream = io.BytesIO()
    try:
        old = check_archive(ContentFile(data), MAX_UNPACKED)
        if not NEEDED.issubset(old.namelist()):
            raise BrokenFile(_("it is not a workbook"))
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                if not name.startswith("xl/worksheets/_rels/"):
                    new.writestr(name, _squeezed_part(name, old.read(name)))
    except UnreadableTable:
        raise
    except BrokenFile as error:
        text = _("This Excel file is not in order: %(reason)s.")
        raise UnreadableTable(text % {"reason": error}) from error
    except Exception as error:  # a damaged archive raises anything
        raise UnreadableTable(_("This Excel file is not in order: it is damaged.")) from error
    return stream.getvalue()


def _squeezed_part(name: str, part: bytes) -> bytes:
    if name.startswith("xl/worksheets/"):
        part = EMPTY_ROW.sub(b"", EMPTY_CELL.sub(b"", part))
        part = BELOW_ROWS.sub(lambda it: b"".join(filter(None, it.groups())), part)
        lines = ROW_NUMBER.findall(part)
        if len(lines) > len(set(lines)):
            raise BrokenFile(_("its rows are out of order; open it in Excel and save it"))
        if cell := UNCALCULATED.search(part):
            text = _(
                "Cell %(cell)s holds a formula that was never calculated: open the file in Excel "
                "and save it."
            )
            raise UnreadableTable(text % {"cell": cell[2].decode()})
    if len(part) > MAX_PART:
        raise BrokenFile(_("it unpacks to far too much"))
    return part


def _sheet(workbook, how: How, is_known):
    """Return the visible sheet that names most columns, or else holds anything; say which."""

    def known(sheet) -> int:
        last, width = min(sheet.max_row, 2 * PREAMBLE), min(sheet.max_column, MAX_COLUMNS)
        rows = sheet.iter_rows(max_row=last, max_col=width, values_only=True)  # makes them all
        return max(sum(is_known(str(cell)) for cell in row if cell) for row in rows)

    sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    used = [sheet for sheet in sheets if sheet.dimensions != "A1:A1" or sheet["A1"].value]
    default = (sheets or workbook.worksheets)[0]
    chosen = max(used, key=known, default=default)
    unread = [sheet.title for sheet in used if sheet is not chosen]
    others = ", ".join(_("“%(sheet)s”") % {"sheet": title} for title in unread)
    text = _("“%(sheet)s”; not read: %(others)s") if others else _("“%(sheet)s”")
    how.add(_("Sheet"), text % {"sheet": chosen.title, "others": others})
    return chosen


def _rows(sheet) -> Iterator[Row]:
    if sheet.max_row > 4 * MAX_ROWS:
        raise UnreadableTable(shape.too_many())
    if sheet.max_column > MAX_COLUMNS:
        raise UnreadableTable(shape.too_wide())
    progress.expect(sheet.max_row, doing=READING)
    rows = []
    for cells in sheet.iter_rows():
        rows.append([_text(cell) for cell in cells])
        progress.advance()
    full = {line for line, row in enumerate(rows, 1) if any(row)}
    for merged in sheet.merged_cells.ranges:
        left, top, _right, bottom = merged.bounds
        for line in full.intersection(range(top + 1, bottom + 1)):
            rows[line - 1][left - 1] = rows[top - 1][left - 1]
    return ((line, rows[line - 1]) for line in sorted(full))


def _text(cell) -> str:
    """Return what an Excel cell holds as the text somebody would type."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"  # not shown
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        if abs(value) >= 10**DIGITS:
            text = phrase(
                "Cell %(cell)s holds a number of more than %(digits)d digits, of which Excel keeps "
                "%(digits)d: write it as text.",
                cell=cell.coordinate,
                digits=DIGITS,
            )
            raise UnreadableTable(str(text))
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
