"""An import of many rows: previewed and confirmed beside the page."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from intranet.files.removal import carry_out_removals
from intranet.outbox.models import Notice
from intranet.tables.models import KeptTable, forget_old
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.pages import confirming
from intranet.trace.models import Action
from staff.models import User

from .factories import make_user

pytestmark = pytest.mark.django_db

IMPORT, CONFIRM = "/admin/staff/user/import/", "/admin/staff/user/process_import/"


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr("staff.admin.exchange.LONG", 2)


@pytest.fixture(autouse=True)
def hazel(client):
    hazel = make_user("hazel", roles=["HR"])
    client.force_login(hazel)
    return hazel


def upload(client, rows=4):
    return upload_rows(
        client, "E-mail,Last name", *(f"p{n}@example.com,Person {n}" for n in range(rows))
    )


def upload_rows(client, *rows):
    file = SimpleUploadedFile("people %22new%22.csv", "\n".join(rows).encode())
    return client.post(IMPORT, {"import_file": file, "_ask": "1"})


def preview(client):
    upload(client)
    run.run_due()
    return client.get(f"/admin/intranet/work/{Work.objects.get().pk}/answer/")


def hidden(page):
    names = "import_file_name|original_file_name|format"
    found = re.findall(rf'name="({names})" value="([^"]*)"', page.content.decode())
    return dict(found) | confirming(page) | {"format": "0"}


class TestPreview:
    def test_is_made_beside_the_page(self, client):
        response = upload(client)
        waits = client.get(response.url).content.decode()

        run.run_due()
        page = client.get(response.url.replace("change", "answer")).content.decode()

        assert "What will happen? Import: people &quot;new&quot;.csv" in waits
        assert "<title> Import: people &quot;new&quot;.csv | " in page
        assert "4 new, 0 changed" in page
        assert not User.objects.filter(email="p0@example.com").exists()

    def test_of_few_rows_is_there_at_once(self, client):
        assert "1 new, 0 changed" in upload(client, 1).content.decode()

    def test_lists_the_first_of_many_rows(self, client, monkeypatch):
        monkeypatch.setattr("staff.admin.exchange.LONG", 1000)

        page = upload(client, 501).content.decode()

        assert page.count('<tr class="new"') == 500
        assert "The first 500 of 501 rows." in page

    def test_is_gone_once_the_file_is_read_in_another_way(self, client):
        page = preview(client)
        Notice.objects.update(read_at=None)

        client.post(IMPORT, hidden(page) | {"_ask": "1", "format": "3"})

        assert Work.objects.get().state == Work.State.WAITING
        assert not Notice.objects.unread().exists()


class TestRefusal:
    WRONG = "E-mail,Last name", "a@example.com,Byron", "not a mail,Li", "nor this,Po"

    def refused(self, client, *rows):
        upload_rows(client, *rows)
        run.run_due()
        return Work.objects.get()

    def test_of_rows_says_how_many_are_wrong_and_the_first_reason(self, client, hazel):
        work = self.refused(client, *self.WRONG)

        page = client.get(work.page).content.decode()

        said = "2 rows are wrong: line 3, E-mail: Enter a valid email address."
        assert work.state == Work.State.REFUSED
        assert said in page
        assert "See what is wrong" in page
        assert "confirm" not in page
        told = Notice.objects.get(recipient=hazel).message
        assert told == f'What will happen? Import: people "new".csv: cannot be done: {said}'

    def test_of_a_picture_is_said_at_once(self, client):
        picture = SimpleUploadedFile("ada.png", b"\x89PNG\r\n\x1a\n" + b"x\n" * 1000)

        page = client.post(IMPORT, {"import_file": picture, "_ask": "1"})

        assert "This is no table that can be read here" in page.content.decode()
        assert not Work.objects.exists()

    def test_of_a_file_says_that_it_cannot_be_read(self, client):
        work = self.refused(client, "E-mail,Shoes", "a@example.com,1", "b@example.com,2", "")

        assert work.state == Work.State.REFUSED
        assert work.error.startswith(
            "The file cannot be read: The column “Shoes” cannot be imported."
        )

    def test_leads_on_to_what_is_wrong(self, client):
        work = self.refused(client, *self.WRONG)

        answer = client.get(work.page.replace("change", "progress")).json()

        assert answer["goes_to"] == work.page.replace("change", "answer")
        assert "not a mail" in client.get(answer["goes_to"]).content.decode()

    def test_is_read_and_stays_once_another_file_is_chosen(self, client):
        work = self.refused(client, *self.WRONG)
        page = client.get(work.page.replace("change", "answer"))
        Notice.objects.update(read_at=None)

        file = SimpleUploadedFile("people.csv", "\n".join(self.WRONG[:2] * 3).encode())
        client.post(IMPORT, confirming(page) | {"import_file": file, "_ask": "1"})

        assert Work.objects.count() == 2
        assert not Notice.objects.unread().exists()


class TestImport:
    def test_is_done_beside_the_page_by_whoever_confirmed(self, client, hazel):
        client.post(CONFIRM, hidden(preview(client)))
        before = User.objects.filter(email__endswith="example.com").count()

        run.run_due()

        work = Work.objects.get(writes=True)
        assert before == 1
        assert User.objects.filter(last_name__startswith="Person").count() == 4
        assert work.state == Work.State.DONE
        action = Action.objects.get(pk=work.action)
        assert (action.actor, action.via) == (hazel, Action.Via.IMPORT)

    def test_that_would_do_something_else_by_then_does_nothing(self, client):
        page = preview(client)
        make_user("p0", email="p0@example.com")

        client.post(CONFIRM, hidden(page))
        run.run_due()

        work = Work.objects.get(writes=True)
        assert work.state == Work.State.FAILED
        assert not User.objects.filter(email="p1@example.com").exists()
        again = client.get(work.page.replace("change", "answer")).content.decode()
        assert "Nothing was imported: look again." in again


def test_the_file_is_forgotten_after_a_day(client, monkeypatch):
    upload(client)
    monkeypatch.setattr("intranet.tables.models.CONFIRM_WITHIN", -run.timedelta(minutes=1))

    forget_old()

    assert not KeptTable.objects.exists()


class TestExport:
    @pytest.fixture
    def work(self, client, monkeypatch):
        monkeypatch.setattr("staff.admin.exchange_pages.EXPORTED_AT_ONCE", 0)
        columns = {"resource": "0", "format": "0", "peopleresource_email": "on"}
        client.post("/admin/staff/user/export/", columns)
        run.run_due()
        return Work.objects.get()

    def test_is_a_file_to_download(self, client, work):
        page = client.get(work.page).content.decode()

        data = b"".join(client.get(work.file.url).streaming_content).decode()

        assert f"Download {work.file_name}" in page
        assert "hazel@example.com" in data

    def test_is_for_whoever_asked(self, client, work):
        client.force_login(make_user("other", roles=["HR"]))

        assert client.get(work.file.url).status_code == 404

    def test_is_for_nobody_who_lost_the_right_to_it(self, client, work, hazel):
        hazel.groups.clear()

        assert client.get(work.file.url).status_code == 404

    def test_is_deleted_after_a_week_with_its_file(self, work, monkeypatch):
        monkeypatch.setattr(run, "KEPT_DAYS", -1)

        run.forget_old()
        carry_out_removals("default")

        assert not Work.objects.exists()
        assert not work.file.storage.exists(work.file.name)
