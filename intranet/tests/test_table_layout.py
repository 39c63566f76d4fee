"""Tables as people and programs leave them: read as a person reads them, and it is said how."""

import re
from pathlib import Path

import pytest

from intranet.tables import UnreadableTable, damage, read_csv

FIELD = Path(__file__).parent / "field"
NAMES = {"E-mail", "First name", "Last name"}
PEOPLE = ["E-mail,First name,Last name", "ann@example.com,Ann,Alpha"]


def read(*lines):
    return read_csv("\n".join(lines).encode(), is_known=NAMES.__contains__)


def how(table):
    return dict(table.how.facts)


class TestHow:
    def test_says_encoding_delimiter_header_and_rows(self):
        assert how(read("", *PEOPLE)) == {
            "Encoding": "Unicode (UTF-8)",
            "Delimiter": "commas",
            "Header": "line 2",
            "Rows": "1",
        }


class TestDelimiters:
    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_are_found_by_the_names_of_the_columns(self, mark):
        table = read(*(line.replace(",", mark) for line in PEOPLE))

        assert list(table) == [("ann@example.com", "Ann", "Alpha")]

    def test_a_title_with_commas_does_not_mislead(self):
        lines = [line.replace(",", ";") for line in PEOPLE]

        assert len(read("Staff, Berlin, Paris, Rome, Oslo", *lines).headers) == 3

    def test_a_line_that_names_the_delimiter_is_no_row(self):
        table = read_csv((FIELD / "sep-line.csv").read_bytes())

        assert list(table) == [("ann.a@example.com", "Ann", "Alpha")]
        assert (table.lines, how(table)["Header"]) == ([3], "line 2")

    @pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
    def test_that_line_has_many_spellings(self, first):
        table = read(first, "E-mail;Last name", "ann@example.com;A,B")

        assert list(table) == [("ann@example.com", "A,B")]

    @pytest.mark.parametrize("first", ["sep=", "sep=x", 'sep="', "sep=\r"])
    def test_one_that_names_none_is_a_line_above_the_header(self, first):
        assert list(read(first, *PEOPLE)) == [("ann@example.com", "Ann", "Alpha")]


class TestHeader:
    def test_titles_and_notes_above_it_are_left_out_and_said(self):
        table = read("Staff 2026", "As of;1 May", "", *PEOPLE)

        assert (table.lines, how(table)["Header"]) == ([5], "line 4")
        assert (
            how(table)["Left out"] == "above the header: line 1 “Staff 2026”; line 2 “As of;1 May”"
        )

    def test_a_single_column_has_one(self):
        assert read("People", "E-mail", "ann@example.com").headers == ["E-mail"]

    def test_a_cell_called_like_a_column_makes_no_header(self):
        table = read("Address,Word", "ann@example.com,First name")

        assert table.headers == ["Address", "Word"]

    def test_empty_columns_are_passed_over(self):
        table = read(",E-mail,,Last name,", ",ann@example.com,,Alpha,")

        assert (table.headers, list(table)) == (
            ["E-mail", "Last name"],
            [("ann@example.com", "Alpha")],
        )


class TestRows:
    def test_that_lost_their_trailing_commas_are_whole(self):
        table = read(*PEOPLE, "bob@example.com,Bob", "cyd@example.com")

        assert list(table)[1:] == [("bob@example.com", "Bob", ""), ("cyd@example.com", "", "")]

    @pytest.mark.parametrize(
        "blank", ["\t", "\u2007", "\u00a0", " \u202f\t", "\u200b", "\ufeff \u200e"]
    )
    def test_padding_is_no_part_of_a_cell(self, blank):
        table = read(PEOPLE[0] + blank, f"ann@example.com,{blank}Ann{blank},Alpha{blank}")

        assert list(table) == [("ann@example.com", "Ann", "Alpha")]

    @pytest.mark.parametrize(
        ("blank", "kept"), [("\t", ""), ("\u2007", ""), ("\u200b", "\u200b"), ("\ufeff ", "\ufeff")]
    )
    def test_what_is_unseen_stays_in_an_address_which_is_refused_for_it(self, blank, kept):
        table = read(PEOPLE[0], f"ann@example.com{blank},Ann,Alpha")

        assert list(table) == [(f"ann@example.com{kept}", "Ann", "Alpha")]

    @pytest.mark.parametrize("blank", [",,", "\u2007,\t,\u00a0", ""])
    def test_blank_ones_do_not_count(self, blank):
        assert read(*PEOPLE, blank, "bob@example.com,Bob,Beta", blank).lines == [2, 4]

    def test_quotation_marks_after_a_blank_belong_to_the_file(self):
        table = read(PEOPLE[0], 'ann@example.com, "Li, Ann", "Alpha"')

        assert list(table) == [("ann@example.com", "Li, Ann", "Alpha")]

    def test_numbers_kept_as_text_by_a_formula_are_that_text(self):
        assert read("A,B", '="00123","=""00124"""').dict == [{"A": "00123", "B": "00124"}]

    @pytest.mark.parametrize("error", ["#N/A", "#NAME?", "#NV", "#BEZUG!", "#VALEUR!", "#######"])
    def test_errors_of_a_spreadsheet_are_refused(self, error):
        with pytest.raises(UnreadableTable, match=f"Line 2 holds the error {re.escape(error)}"):
            read("A,B", f"x,{error}")

    def test_a_quotation_mark_within_is_told_whatever_the_delimiter(self):
        with pytest.raises(UnreadableTable, match="quotation mark"):
            read("E-mail;Name", 'a@example.com;"Bob" Li')

    def test_accents_are_composed(self):
        table = read_csv((FIELD / "nfd-department.csv").read_bytes())

        assert table["Department"] == ["D\u00e9veloppement"]


class TestTotals:
    @pytest.mark.parametrize(
        "total",
        ["Total,1,", "Total: 1", "Grand total,,1", ",Summe,1", "Gesamtzahl: 1 ,,", "Nombre,1"],
    )
    def test_at_the_end_are_left_out_and_said(self, total):
        table = read(*PEOPLE, total)

        assert len(table) == 1
        assert how(table)["Left out"].startswith("a line of totals: line 3 “")

    @pytest.mark.parametrize(
        "row", ["total@example.com,Ann,Alpha", "x@example.com,Sum,Li", "Total,Sum,Li", "Summer,1,2"]
    )
    def test_people_are_no_totals(self, row):
        assert len(read(*PEOPLE, row)) == 2


class TestDamage:
    @pytest.mark.parametrize(
        "text",
        [
            "Ren\ufffd",
            "RenÃ©",
            "MÃ¼ller",
            "Å\u0081ukasz",
            "1.23E+05",
            "4,9151E+12",
            "5E+11",
            "4.9e+11",
        ],
    )
    def test_is_seen(self, text):
        assert damage(text)

    @pytest.mark.parametrize("text", ["René", "SÃO", "Łukasz", "Åse", "Ñ", "Иван", "1e5", "1E10"])
    def test_is_not_seen_in_whole_names(self, text):
        assert not damage(text)

    @pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "latin-1", "mac_roman", "cp850"])
    @pytest.mark.parametrize("name", ["MÜLLER", "Straße", "Ärger", "Erdős", "Dvořák"])
    def test_is_seen_in_unicode_that_was_read_as_something_else(self, name, encoding):
        garbled = name.encode().decode(encoding, "ignore")

        assert damage(garbled)

    @pytest.mark.parametrize(
        "text",
        [
            "O\u2019Hara",
            "“SÃO”",
            "MĂŞCAŞ",
            "MÎŞCĂ”",
            "ČÍŽEK",
            "TÉŠ",
            "DAVÍÐ\u2019S",
            "«Å»",
            "ÉCOLE\u2013Ü",
        ],
    )
    def test_is_not_seen_where_capitals_meet_marks(self, text):
        assert not damage(text)

    def test_a_table_without_rows_is_refused(self):
        with pytest.raises(UnreadableTable, match="no rows"):
            read("Staff 2026", PEOPLE[0], "Total,0")
