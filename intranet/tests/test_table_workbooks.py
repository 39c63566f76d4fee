"""Workbooks hold what a person sees in them, whatever the file says of itself."""

import datetime
import io
import re
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest

from intranet import progress
from intranet.tables import How, UnreadableTable, read_xlsx, slim, workbooks

FIELD = Path(__file__).parent / "field"


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook(*rows, formats=()):
    """Return a workbook of `rows`; `formats` are the number formats of the last one's cells."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, number_format in zip(book.active[len(rows)], formats, strict=False):
        cell.number_format = number_format
    return saved(book)


def edited(data, change):
    """Return the workbook with `change` made to the XML of its first sheet."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", 8) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name.endswith("sheet1.xml") else content)
    return stream.getvalue()


def prefixed(xml):
    xml = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml)
    return xml.replace(b"xmlns=", b"xmlns:x=")


def with_empty_rows(data, count, cells="A"):
    rows = "".join(
        f'<row r="{line}" customFormat="false" ht="12.8">'
        + "".join(f'<c r="{column}{line}" s="0"/>' for column in cells)
        + "</row>"
        for line in range(3, count + 3)
    ).encode()
    data = edited(data, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))
    return edited(data, lambda xml: re.sub(rb"<dimension [^>]*>", b"", xml))


class TestDimension:
    def test_that_says_too_little_loses_no_rows(self):
        table = read_xlsx((FIELD / "dim-short.xlsx").read_bytes())

        assert table["First name"] == ["Ann", "Bob", "Cyd"]

    def test_that_says_too_little_loses_no_columns(self):
        data = edited(
            workbook(["A", "B"], ["1", "2"]),
            lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:A1"', xml),
        )

        assert list(read_xlsx(data)) == [("1", "2")]

    def test_a_cell_beyond_the_last_column_is_not_lost_silently(self):
        book = openpyxl.Workbook()
        book.active.append(["A"])
        book.active["A2"], book.active["CW2"] = "x", "lost"

        with pytest.raises(UnreadableTable, match="more than 100 columns"):
            read_xlsx(saved(book))


class TestSheet:
    def test_is_not_made_wider_by_looking_at_it(self):
        """A hundred cells in each of 100,000 rows take 2.5 GB."""
        book = openpyxl.load_workbook(io.BytesIO(workbook(["E-mail", "Job"], ["a@b.com", "Clerk"])))

        chosen = workbooks._sheet(book, How(), lambda name: name == "Job")

        assert (chosen.max_row, chosen.max_column) == (2, 2)


class TestDamagedFiles:
    def test_are_refused_in_words(self):
        whole = workbook(["A"], ["x"])
        start = whole.index(b"xl/worksheets/sheet1.xml") + 30

        for place in range(start, start + 200):
            with suppress(UnreadableTable):
                read_xlsx(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])

    def test_are_called_so(self):
        whole = workbook(["A"], ["x"])
        start = whole.index(b"xl/worksheets/sheet1.xml") + 24

        with pytest.raises(UnreadableTable, match="not in order"):
            read_xlsx(whole[:start] + b"\xff" * 20 + whole[start + 20 :])


class TestOrder:
    @pytest.mark.parametrize("line", [b"2", b"1"])
    def test_rows_out_of_order_are_not_lost_silently(self, line):
        data = edited(
            workbook(["A"], ["x"], ["y"]),
            lambda xml: xml.replace(b'<row r="3"', b'<row r="%b"' % line),
        )

        with pytest.raises(UnreadableTable, match="out of order"):
            read_xlsx(data)


@pytest.mark.slow
class TestEmptyRows:
    def test_by_the_hundred_thousand_do_not_count(self):
        data = with_empty_rows(workbook(["A", "B"], ["x", "y"]), 100_000, "AB")

        table = read_xlsx(data)

        assert (list(table), table.lines) == ([("x", "y")], [2])

    def test_by_the_million_are_squeezed_out_in_seconds(self):
        data = with_empty_rows(workbook(["A"], ["x"]), 1_048_574)
        start = time.process_time()

        small = slim(data)

        assert len(small) * 1000 < len(data)
        assert time.process_time() - start < 20
        assert list(read_xlsx(small)) == [("x",)]

    @pytest.mark.parametrize("unit", [b'<c r="A1" ', b"<row ", b' r="A1"', b"<mergeCell "])
    def test_tags_without_an_end_take_no_time(self, unit):
        junk = b"<!-- <c" + unit * (900_000 // len(unit)) + b" -->"
        data = edited(
            workbook(["A"], ["x"]), lambda xml: xml.replace(b"<sheetData>", junk + b"<sheetData>")
        )
        start = time.process_time()

        with suppress(UnreadableTable):
            read_xlsx(data)

        assert time.process_time() - start < 5

    def test_between_rows_do_not_count_either(self):
        book = openpyxl.Workbook()
        book.active["A1"], book.active["A15000"] = "A", "x"

        assert read_xlsx(saved(book)).lines == [15_000]


class TestNumbers:
    def test_padded_by_their_format_keep_their_zeros(self):
        table = read_xlsx((FIELD / "padded-number.xlsx").read_bytes())

        assert list(table) == [("00123", "Clerk")]

    @pytest.mark.parametrize(
        ("value", "number_format", "text"),
        [
            (123, "0000", "0123"),
            (123.0, "00000", "00123"),
            (12345, "0000", "12345"),
            (1234567, r"000\-0000", "123-4567"),
            (123, '"P"00000', "P00123"),
            (123, "[Red]00000;-00000", "00123"),
            (123, "General", "123"),
            (123, "0", "123"),
            (1234, "#,##0", "1234"),
            (123, "0.00", "123"),
            ("00123", "General", "00123"),
            ("00123", "@", "00123"),
            (1.5, "00000", "1.5"),
            (-5, "000", "-5"),
            (4915112345678, "General", "4915112345678"),
            (123, '"P"0', "P123"),
            (123, '"P-"General', "P-123"),
            (1711234567, '"0"#', "01711234567"),
            (17112345678, '"0"0000000000', "017112345678"),
            (4930123, '"+"0', "+4930123"),
            (123, "#00000", "00123"),
            (123, "* 00000_)", "00123"),
            (1234567, "###-####", "123-4567"),
            (7, "0.0%", "7"),
        ],
    )
    def test_read_as_they_are_shown(self, value, number_format, text):
        data = workbook(["A"], [value], formats=[number_format])

        assert list(read_xlsx(data)) == [(text,)]

    def test_dates_stay_dates(self):
        data = workbook(["A"], [datetime.date(2026, 1, 31)], formats=["dd/mm/yyyy"])

        assert list(read_xlsx(data)) == [("2026-01-31",)]

    def test_with_more_digits_than_a_spreadsheet_keeps_are_refused_by_cell(self):
        with pytest.raises(UnreadableTable, match="Cell A2 holds a number of more than 15 digits"):
            read_xlsx(workbook(["A"], [12345678901234567]))


class TestMergedCells:
    def test_count_for_each_of_their_rows(self):
        book = openpyxl.Workbook()
        rows = [["List"], [], ["E-mail", "Unit"], ["a", "Sales"], ["b"], [], ["c"], ["d", "IT"]]
        for row in rows:
            book.active.append(row)
        for merged in ("A1:B2", "B4:B7"):
            book.active.merge_cells(merged)

        table = read_xlsx(saved(book), {"E-mail", "Unit"}.__contains__)

        assert list(table) == [("a", "Sales"), ("b", "Sales"), ("c", "Sales"), ("d", "IT")]

    def test_make_one_header_of_two_rows(self):
        book = openpyxl.Workbook()
        for row in (["E-mail", "Name"], [None, "First", "Last"], ["a", "b", "c"]):
            book.active.append(row)
        book.active.merge_cells("A1:A2")
        book.active.merge_cells("B1:C1")

        table = read_xlsx(saved(book), {"E-mail", "First", "Last"}.__contains__)

        assert table.dict == [{"E-mail": "a", "First": "b", "Last": "c"}]


def test_a_line_break_in_a_cell_is_one_however_it_was_stored():
    assert list(read_xlsx(workbook(["A"], ["x_x000D_\ny"]))) == [("x\ny",)]


class TestSheets:
    def test_the_one_that_names_columns_is_read_before_a_cover(self):
        book = openpyxl.Workbook()
        book.active.append(["Exported from Numbers", "Sheet"])
        for row in (["E-mail", "Job"], ["a@example.com", "x"]):
            book["Staff" if "Staff" in book else book.create_sheet("Staff").title].append(row)

        table = read_xlsx(saved(book), {"E-mail", "Job"}.__contains__)

        assert list(table) == [("a@example.com", "x")]
        assert dict(table.how.facts)["Sheet"] == "“Staff”; not read: “Sheet”"

    def test_the_first_with_content_is_read_and_the_others_named(self):
        book = openpyxl.Workbook()
        book.create_sheet("Staff").append(["A"])
        book["Staff"].append(["x"])
        book.create_sheet("Old").append(["B"])

        table = read_xlsx(saved(book))

        assert list(table) == [("x",)]
        assert dict(table.how.facts)["Sheet"] == "“Staff”; not read: “Old”"

    def test_hidden_ones_are_passed_over(self):
        book = openpyxl.Workbook()
        book.active.append(["Hidden"])
        book.active.sheet_state = "hidden"
        book.create_sheet("Staff").append(["A"])
        book["Staff"].append(["x"])

        assert read_xlsx(saved(book)).headers == ["A"]

    def test_a_title_above_the_header_is_left_out_and_said(self):
        data = workbook(["Staff 2026"], [], ["E-mail", "Job"], ["a@example.com", "x"])

        table = read_xlsx(data, {"E-mail", "Job"}.__contains__)

        assert (table.lines, table.headers) == ([4], ["E-mail", "Job"])
        assert dict(table.how.facts)["Left out"] == "above the header: line 1 “Staff 2026”"


class TestFormulae:
    def test_without_a_result_are_refused_by_cell(self):
        with pytest.raises(UnreadableTable, match="Cell A2 holds a formula"):
            read_xlsx(workbook(["A"], ["=1+1"]))

    @pytest.mark.parametrize(
        ("written", "pattern"),
        [
            (rb'<c s="0" r="A2"', rb'<c r="A2"'),
            (rb"<c r='A2'", rb'<c r="A2"'),
            (rb'<c r="A2">\n  ', rb'<c r="A2"[^>]*>'),
        ],
    )
    def test_without_a_result_are_refused_however_the_file_is_written(self, written, pattern):
        data = edited(workbook(["A"], ["=1+1"]), lambda xml: re.sub(pattern, written, xml))

        with pytest.raises(UnreadableTable, match="Cell A2 holds a formula"):
            read_xlsx(data)

    def test_and_order_are_seen_in_files_whose_tags_have_a_prefix(self):
        with pytest.raises(UnreadableTable, match="Cell A2 holds a formula"):
            read_xlsx(edited(workbook(["A"], ["=1+1"]), prefixed))
        data = edited(workbook(["A"], ["x"], ["y"]), prefixed)
        assert list(read_xlsx(data)) == [("x",), ("y",)]
        with pytest.raises(UnreadableTable, match="out of order"):
            read_xlsx(edited(data, lambda xml: xml.replace(b'row r="3"', b'row spans="1:1" r="2"')))

    def test_with_a_result_are_read(self):
        data = edited(
            workbook(["A"], ["=1+1"]),
            lambda xml: re.sub(rb"</f><v ?/?>(</v>)?", b"</f><v>2</v>", xml),
        )

        assert list(read_xlsx(data)) == [("2",)]


class TestProgress:
    DATA = workbook(["E-mail"], *([f"p{n}@example.com"] for n in range(2000)))

    def test_says_how_many_rows_were_read(self):
        with progress.counting(now := progress.Progress()):
            read_xlsx(self.DATA)

        assert (now.done, now.total, str(now.doing)) == (2001, 2001, "Reading the file")

    def test_says_how_much_of_the_file_was_parsed(self, monkeypatch):
        monkeypatch.setattr(workbooks, "_sheet", None)  # so that it fails there
        with progress.counting(now := progress.Progress()), pytest.raises(UnreadableTable):
            read_xlsx(self.DATA)

        assert now.done >= now.total == len(slim(self.DATA)) // 1000 > 0
        assert str(now.doing) == "Reading the file (kB)"

    def test_ends_in_the_middle_of_the_file(self, monkeypatch):
        reads = []

        def parse(file, **kwargs):
            now.ends = progress.Cancelled
            reads.append(file.read(10))

        monkeypatch.setattr(openpyxl, "load_workbook", parse)
        with progress.counting(now := progress.Progress()), pytest.raises(progress.Cancelled):
            read_xlsx(self.DATA)

        assert not reads
