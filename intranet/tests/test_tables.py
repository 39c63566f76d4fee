import datetime
import io
import zipfile

import openpyxl
import pytest

from intranet.tables import (
    MAX_BYTES,
    MAX_ROWS,
    UnreadableTable,
    escape,
    is_xlsx,
    read_csv,
    read_xlsx,
    unescape,
    written,
)
from intranet.tables.shape import OTHER


def workbook(*rows):
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def bomb(data):
    """Return the workbook `data` with a sheet that unpacks to far more than it should."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = b"0" * 200_000_000 if name.endswith("sheet1.xml") else old.read(name)
            new.writestr(name, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


class TestReadCsv:
    @pytest.mark.parametrize(
        "data",
        [
            "Name,Job\nZoë,Clerk\n".encode(),
            "\ufeffName,Job\nZoë,Clerk\n".encode(),
            "Name,Job\nZoë,Clerk\n".encode("cp1252"),
            "Name\tJob\nZoë\tClerk\n".encode("utf-16"),
            "Name;Job\r\nZoë;Clerk\r\n".encode(),
            "Name,Job\rZoë,Clerk\r".encode(),
            '"Name","Job"\n\n"Zoë","Clerk",,\n'.encode(),
        ],
        ids=["utf-8", "bom", "cp1252", "utf-16 tabs", "semicolons crlf", "cr", "blank rows"],
    )
    def test_reads_what_offices_write(self, data):
        table = read_csv(data)

        assert (table.headers, list(table)) == (["Name", "Job"], [("Zoë", "Clerk")])

    def test_keeps_quoted_line_breaks_and_counts_lines(self):
        table = read_csv(b'Name,Job\n"two\r\nlines",x\nAda,y\n')

        assert table["Name"] == ["two\nlines", "Ada"]
        assert table.lines == [2, 4]

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b" \n\n", "empty"),
            (b"Name,Job\n", "no rows"),
            (b"Name\nA\0da", "no table"),
            (b"Name,,Job\nAda,x,y", "Column 2 has no header"),
            (b"Name,Job\nAda,x,y\n", "Line 2 has 3 cells, the header has 2"),
            (b'Name\n"Ada\nBo\n', "not closed"),
            (b"Name\n\x81\x8d", "no table"),
            *((it + b"Name\nAda", "no table") for it in OTHER),
            (b"Name\n" + b"x" * 1_000_000, "10,000 characters"),
            (b"Name\n" + b"x" * 20_000, "Line 2 holds a cell of more than 10,000 characters"),
            (b"x" * (MAX_BYTES + 1), "too large"),
            (b"Name\n" + b"x\n" * (MAX_ROWS + 1), "more than 100,000 rows"),
        ],
    )
    def test_says_why_it_refuses(self, data, reason):
        with pytest.raises(UnreadableTable, match=reason):
            read_csv(data)


@pytest.mark.slow
class TestReadXlsx:
    def test_reads_cells_as_somebody_would_type_them(self):
        day = datetime.datetime(2026, 1, 31)

        table = read_xlsx(workbook(["A", "B", "C", "D", "E"], [1, 2.0, True, day, None]))

        assert list(table) == [("1", "2", "yes", "2026-01-31", "")]

    def test_knows_the_lines(self):
        assert read_xlsx(workbook(["A"], [None], ["x"])).lines == [3]

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"PK\3\4", "not in order"),
            (workbook(), "no rows"),
            (workbook(["A"], ["#REF!"]), "Line 2 holds the error #REF!"),
            (workbook(["A"], ["x" * 20_000]), "10,000 characters"),
            (workbook(["A"], *[["x"]] * (MAX_ROWS + 1)), "more than 100,000 rows"),
        ],
    )
    def test_says_why_it_refuses(self, data, reason):
        with pytest.raises(UnreadableTable, match=reason):
            read_xlsx(data)

    def test_refuses_a_bomb_before_unpacking_it(self):
        data = bomb(workbook(["A"], ["x"]))

        with pytest.raises(UnreadableTable, match="unpacks to far too much"):
            read_xlsx(data)

    def test_refuses_another_kind_of_archive(self):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("hello.txt", "hello")

        with pytest.raises(UnreadableTable, match="not a workbook"):
            read_xlsx(stream.getvalue())

    def test_a_cell_far_away_costs_nothing(self):
        book, stream = openpyxl.Workbook(), io.BytesIO()
        book.active["A1"], book.active["XFD1048576"] = "A", "x"
        book.save(stream)

        with pytest.raises(UnreadableTable, match="more than 100,000 rows"):
            read_xlsx(stream.getvalue())

    def test_is_told_by_its_content(self):
        assert is_xlsx(workbook(["A"]))
        assert not is_xlsx(b"E-mail")


class TestEscape:
    @pytest.mark.parametrize(
        "text",
        ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "'=1", "''=1", "\uff1d1", "#N/A", "#REF!"],
    )
    def test_takes_the_danger_out_and_comes_back(self, text):
        assert escape(text) == f"'{text}"
        assert unescape(escape(text)) == text

    @pytest.mark.parametrize("text", ["", "Ada", "O'Hara", "'quoted'", "1-2", "#1 Mill Lane"])
    def test_leaves_harmless_text_alone(self, text):
        assert escape(text) == unescape(text) == text

    def test_replaces_what_no_spreadsheet_can_hold(self):
        assert "\0" not in escape("\0=1")

    @pytest.mark.parametrize("blank", ["  ", " \t", " \n", "\u00a0", "\u2007", "\u3000", "\x1f"])
    def test_a_formula_behind_blanks_is_escaped_after_they_are_gone(self, blank):
        assert written(f"{blank}=1") == "'=1"
