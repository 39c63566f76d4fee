"""What an export writes: a row for each person, read and written piece by piece."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain, islice
from tempfile import TemporaryFile

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from intranet import progress
from intranet.tables import written

from ..models import User
from .columns import ACCOUNT, COLUMNS, join, to_text

AT_A_TIME = 1000  # rows
PATHS = {name: name if name in ACCOUNT else f"profile__{name}" for name in COLUMNS}
PATHS |= {"department": "profile__department__name", "manager": "profile__manager__email"}
PATHS |= {"groups": "pk"}

Row = list[str]


def table(people: QuerySet[User], names: Iterable[str] = COLUMNS) -> Iterator[Row]:
    """Yield the header, and a row for each of `people`, all in the language that is spoken now."""
    names = [name for name in COLUMNS if name in set(names)]
    rows = people.prefetch_related(None).values_list(*[PATHS[name] for name in names])
    header = [str(COLUMNS[name]) for name in names]
    groups = {group.pk: str(group) for group in Group.objects.using(people.db)}
    return chain([header], _rows(rows, {name: _cell_of(name) for name in names}, groups))


def _rows(rows: QuerySet, ways: dict[str, Callable], groups: dict[int, str]) -> Iterator[Row]:
    place = [*ways].index("groups") if "groups" in ways else None
    joined = cache(lambda keys: written(join(map(groups.__getitem__, keys))))
    for piece in _pieces(rows.iterator(AT_A_TIME)):
        progress.advance(len(piece))
        if place is not None:
            held = _memberships([row[place] for row in piece], rows.db)
            ways["groups"] = lambda key, held=held: joined(tuple(held[key]))
        each = [*ways.values()]
        for row in piece:
            yield [way(value) for way, value in zip(each, row, strict=True)]


def _pieces(rows: Iterator) -> Iterator[list]:
    while piece := list(islice(rows, AT_A_TIME)):
        yield piece


def _memberships(people: list[int], using: str) -> dict[int, list[int]]:
    held: dict[int, list[int]] = defaultdict(list)
    links = User.groups.through.objects.using(using).filter(user__in=people)
    for user, group in links.order_by("group").values_list("user", "group"):
        held[user].append(group)
    return held


def _cell_of(name: str) -> Callable:
    """Return what makes a cell of a value of that column."""
    if name in ("is_staff", "is_active"):
        return {it: to_text(it) for it in (True, False)}.__getitem__
    if name in ("email", "staff_number"):
        return lambda value: written(value or "")  # hardly the same twice
    return lru_cache(AT_A_TIME)(lambda value: written(to_text(value)))


def as_csv(rows: Iterator[Row]) -> Iterator[bytes]:
    """Yield the bytes of a CSV file, by whose first three Excel knows its encoding."""
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    for piece in _pieces(rows):
        csv.writer(text).writerows(piece)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def as_workbook(rows: Iterator[Row]) -> Iterator[bytes]:
    """Yield the bytes of an Excel file, whose columns are as wide as the first rows need them."""
    first = list(islice(rows, AT_A_TIME))
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for number, column in enumerate(zip(*first, strict=True), 1):
        width = max(map(len, column)) + 2
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_styled(sheet, it, font=Font(bold=True)) for it in first[0]])
    wrap = Alignment(wrap_text=True)
    for row in chain(first[1:], rows):
        sheet.append([_styled(sheet, it, alignment=wrap) if "\n" in it else it for it in row])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        yield from iter(lambda: file.read(2**16), b"")


def _styled(sheet, text: str, **style) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=text)
    for name, value in style.items():
        setattr(cell, name, value)
    return cell
