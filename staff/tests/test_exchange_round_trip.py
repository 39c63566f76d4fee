"""Exported people come back unchanged, whatever is in their fields."""

import io

import openpyxl
import pytest
from django.contrib.auth.models import Group

from intranet.tables import Table, read_csv, read_xlsx, tidy, unescape, written
from staff.exchange import PeopleResource
from staff.models import Profile, User

from .factories import make_department, make_superuser, make_user
from .tables import problems

pytestmark = pytest.mark.django_db
HEADERS_OF_JOBS = ["E-mail", "First name", "Job"]
NASTY = [
    "  =1", "=1+1", "\u00a0=1", "+49 30 123", "-Sales", "@home", "'=quoted", "''", "'", "#N/A",
    "#REF!", "'#N/A", "\uff1d1", "a,b;c\td|e", 'say "hi"', "two\nlines", "two\r\nlines", "\ttab",
    "  blanks  ",
    "De\u0301v", "00123", "1e5", "TRUE", "sep=;", "Total", "x\u2007", "\u3000x", "a\x01b", "\x1f=1",
    "\u200b=1", "\u202a+49 30 1\u202c", "#NV", "'#BEZUG!", "#####", '="00123"', "_x0041_",
    "?", "x\ufeff", "x\ufffey\uffff", "x_x000D_y",
]  # fmt: skip


class TestRoundTrip:
    def test_exported_people_come_back_unchanged(self):
        odd = Group.objects.create(name='Odd, "quoted"; group')
        boss = make_user("boss", first_name="=1+1", last_name="'=quoted")
        person = make_user("ada", first_name=" Ada ", last_name="Ünïcode", roles=["HR"])
        person.groups.add(odd)
        department = make_department("-Sales")
        Profile.objects.filter(user=person).update(
            staff_number="-007", job_title="\tTab", department=department, manager=boss,
            started_on="2026-01-31",
        )  # fmt: skip

        table = PeopleResource().export(User.objects.order_by("pk"))
        result = PeopleResource().import_data(table)

        assert problems(result) == []
        assert result.totals["skip"] == 2

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize("nasty", NASTY)
    def test_nasty_values_come_back_unchanged_from_a_file(self, kind, nasty):
        person = make_user("ada", first_name="Ada")
        Profile.objects.filter(user=person).update(
            staff_number=f"7{nasty}", job_title=nasty, phone=nasty, location=nasty,
            department=make_department(nasty), left_on="2026-12-31",
        )  # fmt: skip
        person.groups.add(Group.objects.create(name=nasty))
        table = PeopleResource().export(User.objects.all())
        data = table.export(kind)

        read = read_csv(data.encode("utf-8-sig")) if kind == "csv" else read_xlsx(data)
        result = PeopleResource().import_data(read)

        assert (problems(result), result.totals["skip"]) == ([], 1)

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize(
        "nasty", [text for text in NASTY if tidy(text) == text == unescape(written(text))]
    )
    def test_nasty_values_arrive_whole(self, kind, nasty):
        table = Table([written("a@example.com"), "Ada", written(nasty)], headers=HEADERS_OF_JOBS)
        data = table.export(kind)

        read = read_csv(data.encode("utf-8-sig")) if kind == "csv" else read_xlsx(data)
        PeopleResource().import_data(read)

        assert Profile.objects.get().job_title == nasty

    @pytest.mark.parametrize(
        "formula", ["=1", "  =1", "\u00a0=1", "\u2007+1", " \t@x", "-1", "\uff1d1"]
    )
    def test_no_cell_of_a_workbook_is_a_formula(self, formula):
        ada = make_user("ada", last_name=formula)
        data = PeopleResource().export(User.objects.filter(pk=ada.pk)).export("xlsx")

        row = next(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2))

        assert [cell.data_type for cell in row if cell.data_type == "f"] == []
        assert row[3].value == f"'{formula.strip()}"

    @pytest.mark.parametrize("name", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\0x"])
    def test_formulae_are_escaped(self, name):
        person = make_user("x")
        Profile.objects.filter(user=person).update(job_title=name.replace("\0", "\1"))

        [cells] = PeopleResource().export(User.objects.filter(pk=person.pk))

        assert cells[4][0] in "'\N{REPLACEMENT CHARACTER}"

    def test_hashes_and_rights_are_not_exported(self):
        user = make_superuser()

        table = PeopleResource().export(User.objects.all())

        assert user.password not in table.export("csv")
        assert "superuser" not in table.export("csv").lower()
