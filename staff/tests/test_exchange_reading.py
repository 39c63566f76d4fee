"""The preview says how a file was read, and reads it again in another encoding."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape

from intranet.tables import ENCODINGS
from intranet.tests.test_table_workbooks import with_empty_rows, workbook
from staff.models import User

from .exchange_pages import CONFIRM, IMPORT, confirm, text, upload
from .factories import make_department, make_user
from .tables import NEW, csv_bytes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hr")]

FIELD = Path(__file__).parent / "field"
CP1250, UTF8, CP1252 = (
    str(2 + list(ENCODINGS).index(name)) for name in ("cp1250", "utf-8-sig", "cp1252")
)


def field(name):
    return (FIELD / name).read_bytes()


def kept(page):
    """Return what the page would post when its buttons are pressed."""
    inputs = re.findall(r"<input[^>]*>", page.content.decode())
    pairs = [(re.search(r'name="([^"]*)"', it), re.search(r'value="([^"]*)"', it)) for it in inputs]
    names = {"import_file_name", "original_file_name", "_said", "must_look"}
    return {name[1]: value[1] for name, value in pairs if name and value and name[1] in names}


class TestPreview:
    def test_says_encoding_delimiter_header_and_rows(self, client):
        page = text(upload(client, b"Staff 2026\n\n" + field("enc-cp1250.csv")))

        assert "Encoding Central European (Windows-1250), guessed from the letters" in page
        assert "The encoding is a guess" in page
        assert "Delimiter commas" in page
        assert "Header line 3 Rows 1" in page
        assert "Left out above the header: line 1 “Staff 2026”" in page

    def test_says_the_sheet(self, client):
        data = workbook(["E-mail", "First name"], ["a@example.com", "Ada"])

        assert "Sheet “Sheet”" in text(upload(client, data, "people.xlsx"))

    def test_says_it_of_files_with_wrong_rows_too(self, client):
        page = text(upload(client, csv_bytes(NEW, "bad,Ada,B")))

        assert "Encoding Unicode (UTF-8)" in page
        assert "1 wrong" in page

    def test_names_the_totals_it_left_out(self, client):
        page = text(upload(client, csv_bytes(NEW, "a@example.com,Ada,B", "Total,1,")))

        assert "1 new" in page
        assert "Left out a line of totals: line 3 “Total 1”" in page


class TestAnotherEncoding:
    def test_is_offered_for_text_but_not_for_workbooks(self, client):
        of_text = upload(client, csv_bytes(NEW, "a@example.com,Ada,B")).content.decode()
        data = workbook(["E-mail", "First name"], ["a@example.com", "Ada"])
        of_workbook = upload(client, data, "people.xlsx").content.decode()

        assert escape(str(ENCODINGS["cp1250"])) in of_text
        assert escape(str(ENCODINGS["cp1250"])) not in of_workbook

    def test_is_read_without_uploading_again(self, client):
        first = upload(client, field("enc-cp1250.csv"))

        page = client.post(IMPORT, {**kept(first), "format": CP1252})

        assert "£ukasz" in text(page)
        assert "Western European (Windows-1252), as chosen" in text(page)

    def test_is_what_is_confirmed(self, client):
        data = f"{NEW}\na@example.com,Přemysl,B\n".encode("cp1250")
        first = upload(client, data)
        assert "Pøemysl" in text(first)

        confirm(client, client.post(IMPORT, {**kept(first), "format": CP1250}))

        assert User.objects.get(email="a@example.com").first_name == "Přemysl"

    def test_chosen_but_not_looked_at_is_previewed_instead_of_imported(self, client):
        first = upload(client, field("enc-cp1250.csv"))

        page = client.post(CONFIRM, {**kept(first), "format": CP1252})

        assert "£ukasz" in text(page)
        assert not User.objects.filter(email="ann.a@example.com").exists()

    def test_that_does_not_fit_can_be_changed_again(self, client):
        first = upload(client, field("enc-mixed.csv"))
        refused = client.post(IMPORT, {**kept(first), "format": UTF8})
        assert "Line 3 cannot be read as Unicode (UTF-8)" in text(refused)

        page = client.post(IMPORT, {**kept(refused), "format": "0"})

        assert "René" in text(page)

    def test_keeps_the_file_of_a_preview_with_wrong_rows(self, client):
        wrong = upload(client, csv_bytes(NEW + ",Department", "a@example.com,Ada,B,Lab"))
        make_department("Lab")

        page = client.post(IMPORT, kept(wrong))

        assert "1 new" in text(page)

    def test_a_forged_file_is_refused(self, client):
        page = client.post(IMPORT, {"import_file_name": "forged", "format": CP1250})

        assert "This preview is too old. Choose the file again." in text(page)

    def test_garbled_letters_are_refused(self, client):
        first = upload(client, csv_bytes(NEW, "a@example.com,René,B"))

        page = client.post(IMPORT, {**kept(first), "format": CP1252})

        assert "These letters are garbled" in text(page)


class TestStrayBytes:
    def test_have_to_be_looked_at(self, client):
        first = upload(client, field("enc-mixed.csv"))
        assert "Line 3: “René” is not written in UTF-8" in text(first)

        page = client.post(CONFIRM, {**kept(first), "format": "0"})

        assert "Line 3: “René”" in text(page)
        assert not User.objects.filter(email="bob.b@example.com").exists()

    def test_are_imported_after_that(self, client):
        first = upload(client, field("enc-mixed.csv"))

        client.post(CONFIRM, {**kept(first), "format": "0", "looked": "1"})

        assert User.objects.get(email="bob.b@example.com").first_name == "René"


@pytest.mark.slow
class TestLargeWorkbooks:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        monkeypatch.setattr("staff.admin.exchange_pages.is_long", lambda data: False)

    def test_of_styled_empty_rows_are_imported(self, client):
        data = workbook(["E-mail", "First name"], ["a@example.com", "Ada"])
        data = with_empty_rows(data, 600_000)

        confirm(client, upload(client, data, "people.xlsx"))

        assert User.objects.filter(email="a@example.com").exists()

    def test_that_are_no_workbooks_are_refused_in_words(self, client):
        page = upload(client, b"PK\3\4" + b"x" * 1_500_000, "people.xlsx")

        assert "This Excel file is not in order" in text(page)


def test_an_upload_wins_over_the_file_that_is_kept(client):
    make_user("ada")
    first = upload(client, csv_bytes(NEW, "a@example.com,Ada,B"))
    other = SimpleUploadedFile("other.csv", csv_bytes("E-mail,Job", "ada@example.com,Clerk"))

    page = client.post(IMPORT, {**kept(first), "import_file": other})

    assert "0 new, 1 changed" in text(page)
