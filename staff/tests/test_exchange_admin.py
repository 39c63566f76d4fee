"""The pages by which people are imported: previewed, confirmed or refused."""

import datetime
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from intranet.outbox.models import Mail
from intranet.tables import MAX_BYTES
from intranet.trace.models import Change
from staff import leaving
from staff.models import Profile, User

from .exchange_pages import CONFIRM, EXAMPLE, EXPORT, IMPORT, confirm, text, upload
from .factories import make_department, make_superuser, make_user
from .tables import NEW, csv_bytes, xlsx_bytes

pytestmark = pytest.mark.django_db


class TestActors:
    @pytest.mark.parametrize("url", [IMPORT, EXPORT, EXAMPLE])
    def test_anonymous_people_are_sent_to_sign_in(self, client, url):
        assert client.get(url).status_code == 302

    @pytest.mark.parametrize("url", [IMPORT, EXPORT, EXAMPLE])
    @pytest.mark.parametrize("roles", [[], ["Editors"]])
    def test_people_without_the_right_are_refused(self, client, url, roles):
        client.force_login(make_user(roles=roles))

        assert client.get(url).status_code == 403

    @pytest.mark.parametrize("url", [IMPORT, EXPORT, CONFIRM])
    def test_they_cannot_post_either(self, client, url):
        client.force_login(make_user(roles=["Editors"]))

        answer = client.post(url, {"import_file": SimpleUploadedFile("x.csv", b"E-mail\nx@y.zz")})

        assert answer.status_code == 403

    @pytest.mark.parametrize("url", [IMPORT, EXPORT, EXAMPLE])
    def test_hr_may(self, client, hr, url):
        assert client.get(url).status_code == 200

    @pytest.mark.parametrize("url", [IMPORT, EXPORT, EXAMPLE])
    def test_superusers_may(self, client, url):
        client.force_login(make_superuser())

        assert client.get(url).status_code == 200

    @pytest.mark.parametrize(
        "missing", ["add_user", "change_user", "add_profile", "change_profile"]
    )
    def test_an_import_needs_every_right_to_add_and_change(self, client, missing):
        user = make_user()
        rights = Permission.objects.filter(
            content_type__app_label="staff", content_type__model__in=["user", "profile"]
        )
        user.user_permissions.set(rights.exclude(codename=missing))
        client.force_login(user)

        assert client.get(IMPORT).status_code == 403

    def test_an_export_needs_the_right_to_see_accounts(self, client):
        client.force_login(make_user())  # sees profiles, in the directory

        assert client.get(EXPORT).status_code == 403

    def test_confirming_takes_a_post(self, client, hr):
        assert client.get(CONFIRM).status_code == 405

    def test_the_list_links_to_both_pages(self, client, hr):
        page = client.get(reverse("admin:staff_user_changelist")).content.decode()

        assert IMPORT in page
        assert EXPORT in page


class TestPreview:
    def test_shows_what_is_new_and_changed_and_what_follows(self, client, hr):
        make_user("bob", first_name="Bob", last_name="Li")

        page = upload(
            client,
            csv_bytes(NEW, "a@example.com,Ada,Byron", "bob@example.com,Rob,Li"),
            welcome="on",
        )

        assert "1 new, 1 changed, 0 without a change, 0 wrong" in text(page)
        assert "Added 1 person: Ada Byron 1 directory entry Changed" in text(page)
        assert "Mails 1 mail “Welcome to the Intranet, Ada Byron”: a@example.com" in text(page)
        assert "First name Bob → Rob" in text(page)

    def test_lists_what_is_wrong_and_cannot_be_confirmed(self, client, hr):
        page = upload(client, csv_bytes(NEW, "a@example.com,Ada,Byron", "bad,Bo,Li"))

        assert "3 E-mail bad Enter a valid email address." in text(page)
        assert CONFIRM not in page.content.decode()

    def test_is_named_after_the_file_and_says_how_many_are_imported(self, client, hr):
        make_user("bob", first_name="Bob", last_name="Li")
        rows = "a@example.com,Ada,Byron", "bob@example.com,Rob,Li"

        page = upload(client, csv_bytes(NEW, *rows), "people.csv")

        assert "<title> Import: people.csv | " in page.content.decode()
        assert "Import 2 people" in text(page)

    def test_has_the_form_above_all_rows_when_some_are_wrong(self, client, hr):
        page = upload(client, csv_bytes(NEW, "a@example.com,Ada,Byron", "bad,Bo,Li"))

        content = page.content.decode()
        parts = "Put right what is listed", 'name="import_file"', "<caption>Wrong", "<caption>New"
        places = [content.index(part) for part in parts]
        assert places == sorted(places)

    def test_is_a_question_also_when_the_file_is_read_again(self, client, hr):
        page = upload(client, csv_bytes(NEW, "a@example.com,Ada,Byron")).content.decode()

        (button,) = re.findall(r"<button[^>]*formaction[^>]*>", page)
        assert 'name="_ask"' in button
        assert '<input type="hidden" name="_ask"' in client.get(IMPORT).content.decode()

    def test_offers_no_import_when_nothing_would_change(self, client, hr):
        make_user("ada", first_name="Ada", last_name="Byron")

        page = upload(client, csv_bytes(NEW, "ada@example.com,Ada,Byron"))

        assert "There is nothing to import" in text(page)
        assert CONFIRM not in page.content.decode()

    def test_leaves_nothing_behind(self, client, hr, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

        upload(client, csv_bytes(NEW, "a@example.com,Ada,Byron"), welcome="on")

        assert User.objects.get() == hr
        assert Mail.objects.filter(to="a@example.com").count() == 0
        assert list(tmp_path.rglob("*.csv")) == []

    def test_leads_back_to_whoever_left_with_an_address(self, client, hr):
        Profile.objects.filter(user=make_user("bob")).update(staff_number="2")
        leaving.plan(make_user("ada", first_name="Ada"), datetime.date(2026, 1, 31))

        page = upload(client, csv_bytes("Staff number,E-mail", "2,ADA@example.com"))

        assert "Ada had this e-mail address and left on 31" in text(page)
        assert "Bring them back</a>" in page.content.decode()

    def test_escapes_what_the_file_says(self, client, hr):
        page = upload(
            client, csv_bytes(NEW + ",Job", "a@example.com,A,B,<script>alert(1)</script>")
        )

        assert "<script>alert(1)" not in page.content.decode()


class TestConfirm:
    def test_imports_what_was_previewed(self, client, hr):
        preview = upload(client, csv_bytes(NEW, "a@example.com,Ada,Byron"))

        page = confirm(client, preview)

        assert User.objects.get(email="a@example.com").name == "Ada Byron"
        assert "Person “Ada Byron” created" in text(page)

    def test_an_excel_file_too(self, client, hr):
        data = xlsx_bytes(["E-mail", "First name", "Last name"], ["a@example.com", "Ada", "B"])

        confirm(client, upload(client, data, "people.xlsx"))

        assert User.objects.filter(email="a@example.com").exists()

    @pytest.mark.parametrize(("fields", "mails"), [({"welcome": "on"}, 1), ({}, 0)])
    def test_mails_newcomers_when_the_box_is_ticked(self, client, hr, fields, mails):
        Mail.objects.all().delete()

        confirm(client, upload(client, csv_bytes(NEW, "a@example.com,Ada,B"), **fields))

        assert Mail.objects.filter(to="a@example.com").count() == mails

    def test_is_written_to_the_history(self, client, hr):
        confirm(client, upload(client, csv_bytes(NEW, "a@example.com,Ada,B")))

        change = Change.objects.get(object_name="Ada B", kind="created", cause="")
        assert (change.action.actor, change.action.via) == (hr, "import")
        assert change.action.summary == "Person “Ada B” created"

    def test_writes_nothing_when_something_got_in_between(self, client, hr):
        lines = ["b@example.com,Bo,Li", "a@example.com,Ada,B"]
        preview = upload(client, csv_bytes(NEW, *lines))
        make_superuser("a")

        page = confirm(client, preview)

        assert "Only superusers change a superuser." in text(page)
        assert not User.objects.filter(email="b@example.com").exists()
        assert not Change.objects.filter(object_name__startswith="Bo").exists()

    def test_asks_again_when_somebody_else_has_the_staff_number_by_now(self, client, hr):
        ada, zed = make_user("ada"), make_user("zed")
        Profile.objects.filter(user=ada).update(staff_number="7")
        preview = upload(client, csv_bytes("Staff number,Job", "7,Cook"))
        Profile.objects.filter(user=ada).update(staff_number=None)
        Profile.objects.filter(user=zed).update(staff_number="7")

        page = confirm(client, preview)

        assert "Nothing was imported: look again." in text(page)
        assert not Profile.objects.filter(job_title="Cook").exists()

    def test_asks_again_when_the_department_gives_more_groups_by_now(self, client, hr):
        lab = make_department("Lab")
        preview = upload(client, csv_bytes(f"{NEW},Department", "a@example.com,Ada,B,Lab"))
        lab.groups.add(Group.objects.get(name="HR"))

        page = confirm(client, preview)

        assert "Nothing was imported: look again." in text(page)
        assert "New: Rights: Gained: the group HR: Ada B" in text(page)
        assert not User.objects.filter(email="a@example.com").exists()

    def test_refuses_a_forged_file(self, client, hr):
        forged = signing.dumps("x", salt="other")

        page = client.post(CONFIRM, {"import_file_name": forged, "original_file_name": "x"})

        assert "This preview is too old." in text(page)

    def test_refuses_an_old_preview(self, client, hr, monkeypatch):
        preview = upload(client, csv_bytes(NEW, "a@example.com,Ada,B"))
        monkeypatch.setattr("intranet.tables.models.CONFIRM_WITHIN", timedelta(seconds=-1))

        page = confirm(client, preview)

        assert "This preview is too old." in text(page)
        assert not User.objects.filter(email="a@example.com").exists()


class TestRefusedFiles:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        monkeypatch.setattr("staff.admin.exchange_pages.is_long", lambda data: False)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "This file is empty."),
            (b"E-mail\nx\0y", "no table that can be read here"),
            (b"E-mail,E-mail\nx,y", "two columns"),
            (b"E-mail,password\na@example.com,x", "“password” cannot be imported"),
            (b"a@example.com,Ada\nb@example.com,Bo", "has no header"),
            (b"E-mail,Job\na@example.com," + b"x" * 1_000_000, "more than 10,000 characters"),
            (b"E-mail\n" + b"x" * MAX_BYTES, "too large"),
            (b"PK\3\4nonsense", "not in order"),
        ],
    )
    def test_are_told_why_on_the_form(self, client, hr, data, words):
        page = upload(client, data)

        assert page.status_code == 200
        assert words in text(page)
        assert "result" not in page.context

    @pytest.mark.parametrize("name", ["people.xlsx", "people.pdf", "people.html"])
    def test_are_called_no_table_when_their_name_is_not_that_of_one(self, client, hr, name):
        page = upload(client, b"Just a line", name)

        words = "By its name this is no CSV file, and by its contents no Excel (.xlsx) file."
        assert words in text(page)

    def test_no_file_at_all(self, client, hr):
        page = client.post(IMPORT, {"welcome": "on"})

        assert "This field is required." in text(page)
