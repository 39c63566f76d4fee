from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.models import Document
from documents.tests.factories import make_document, pdf_bytes, png_bytes
from intranet.tests.pages import confirmed
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/documents/document/"
ADD = "/admin/documents/document/add/"


def change(paper):
    return reverse("admin:documents_document_change", args=[paper.pk])


def pdf(name="cv.pdf", size=0):
    return SimpleUploadedFile(name, pdf_bytes() + b"%" * size)


def stored(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.fixture
def ada():
    return make_user("ada", first_name="Ada", last_name="Example", is_staff=False)


class TestWhoSeesPapers:
    def test_anonymous_has_to_sign_in(self, client):
        assert client.get(LIST).url.startswith("/admin/login/")

    @pytest.mark.parametrize("roles", [[], ["Editors"]])
    def test_ordinary_staff_may_not(self, client, roles):
        client.force_login(make_user(roles=roles))

        assert client.get(LIST).status_code == 403

    def test_hr_and_superusers_may(self, hr, client):
        assert hr.get(LIST).status_code == 200
        client.force_login(make_superuser())
        assert client.get(LIST).status_code == 200


class TestList:
    def test_it_shows_whose_what_and_how_large(self, hr, ada):
        paper = make_document(ada, name="<i>Lebenslauf.pdf", expires_on=timezone.localdate())

        html = hr.get(LIST).content.decode()

        assert "Ada Example" in html
        assert "&lt;i&gt;Lebenslauf.pdf" in html and "<i>Lebenslauf" not in html
        assert f'href="{paper.file.url}"' in html

    def test_more_papers_need_no_more_queries(self, hr, ada):
        def queries():
            with CaptureQueriesContext(
                connection,
            ) as captured:
                hr.get(LIST)
            return len(captured)

        make_document(ada, uploaded_by=ada)
        queries()
        one = queries()
        for _ in range(3):
            make_document(make_user(), uploaded_by=make_user())

        assert queries() == one

    @pytest.mark.parametrize("text", ["Ada", "ada@example.com", "lebens", "My title"])
    def test_it_is_searched_by_owner_title_and_file_name(self, hr, ada, text):
        make_document(ada, name="Lebenslauf.pdf", title="My title")
        make_document(make_user("bob"), name="other.pdf", title="His")

        html = hr.get(LIST, {"q": text}).content.decode()

        assert "Lebenslauf.pdf" in html
        assert "other.pdf" not in html

    @pytest.mark.parametrize(
        ("validity", "found"),
        [("ended", ["-1"]), ("soon", ["0", "30"]), ("later", ["31"]), ("none", ["never"])],
    )
    def test_it_is_filtered_by_validity(self, hr, ada, validity, found):
        today = timezone.localdate()
        for days in (-1, 0, 30, 31):
            make_document(ada, title=str(days), expires_on=today + timedelta(days=days))
        make_document(ada, title="never")

        response = hr.get(LIST, {"validity": validity})

        assert sorted(paper.title for paper in response.context["cl"].result_list) == found

    @pytest.mark.parametrize("query", ["kind__exact=cv", "validity=nonsense"])
    def test_other_filters_answer(self, hr, ada, query):
        make_document(ada)

        assert len(hr.get(f"{LIST}?{query}").context["cl"].result_list) == 1


class TestUpload:
    def post(self, client, ada, file, url=ADD, **fields):
        fields = {"owner": ada.pk, "kind": "contract", "title": "Typed by hand", **fields}
        return confirmed(client, url, {**fields, "file": file} if file else fields)

    def test_a_paper_is_stored_and_described(self, hr, ada):
        response = self.post(hr, ada, pdf("Vertrag «2026».pdf"))

        paper = Document.objects.get()
        assert response.status_code == 302
        assert paper.original_name == "Vertrag «2026».pdf"
        assert paper.uploaded_by == User.objects.get(username="hr")
        assert paper.file.name.startswith("contracts/")

    @pytest.mark.parametrize(
        ("file", "reason"),
        [
            (SimpleUploadedFile("cv.pdf", b""), "This file is empty."),
            (SimpleUploadedFile("cv.exe", b"MZ"), "This file is not a PDF, DOCX, JPEG or PNG file"),
            (SimpleUploadedFile("cv.pdf", png_bytes()), "This is a PNG file, but its name"),
            (SimpleUploadedFile("cv.pdf", b"%PDF-1.7"), "This PDF file is not in order"),
        ],
    )
    def test_a_bad_file_is_an_error_and_keeps_what_was_typed(self, hr, ada, file, reason):
        html = self.post(hr, ada, file).content.decode()

        assert reason in html
        assert "Accepted is a PDF, DOCX, JPEG or PNG file of at most 10.0" in html
        assert "Typed by hand" in html
        assert not Document.objects.exists()

    def test_a_file_over_the_limit_is_an_error_not_a_refusal(self, hr, ada, settings):
        html = self.post(hr, ada, pdf(size=settings.UPLOAD_MAX_BYTES)).content.decode()

        assert "This file is too large (10.0" in html

    def test_the_page_shows_the_uploaders_name_and_links_to_the_file(self, hr, ada):
        paper = make_document(ada, name="Ada's <cv>.pdf")

        html = hr.get(change(paper)).content.decode()

        assert "Ada&#x27;s &lt;cv&gt;.pdf" in html
        assert f'href="{paper.file.url}"' in html
        assert f'value="{paper.file.url}"' not in html

    def test_a_paper_is_replaced_and_goes_if_that_was_chosen(self, hr, ada):
        paper = make_document(ada)

        new = SimpleUploadedFile("new.png", png_bytes())
        goes = {"owner": ada.pk, "kind": "cv", "file": new, "file-old": "delete"}
        asked = hr.post(change(paper), goes)
        assert "it removes a file" in asked.context["plan"].reasons
        new.seek(0)
        confirmed(hr, change(paper), goes)

        paper = Document.objects.get()
        assert (paper.original_name, paper.content_type) == ("new.png", "image/png")

    def test_without_a_new_file_the_old_one_stays(self, hr, ada):
        paper = make_document(ada)

        self.post(hr, ada, None, change(paper), title="New title")

        after = Document.objects.get()
        assert (after.title, after.file.name, after.sha256) == (
            "New title",
            paper.file.name,
            paper.sha256,
        )


class TestNoRoom:
    """A store, and a temporary folder, that take nothing."""

    @pytest.mark.parametrize("size", [0, 3_000_000])
    def test_it_is_an_error_at_the_file(self, hr, ada, settings, tmp_path, size):
        (tmp_path / "blocked").write_text("a file, where a folder is needed")
        blocked = str(tmp_path / "blocked" / "inside")
        settings.MEDIA_ROOT = settings.FILE_UPLOAD_TEMP_DIR = blocked
        file = SimpleUploadedFile("cv.pdf", b"%PDF-" + bytes(size) + pdf_bytes())
        fields = {"owner": ada.pk, "kind": "cv", "title": "Typed by hand", "file": file}

        response = hr.post(ADD, fields)

        html = response.content.decode()
        assert response.status_code == 200
        assert "The file could not be stored: Not a directory. Nothing was saved." in html
        assert "Typed by hand" in html
        assert not Document.objects.exists()
        assert stored(settings) == []

    def test_on_the_persons_page_the_person_is_not_saved_either(self, hr, settings, tmp_path):
        (tmp_path / "blocked").write_text("")
        settings.MEDIA_ROOT = str(tmp_path / "blocked")

        response = hr.post(reverse("admin:staff_user_add"), person(file=pdf()))

        assert "The file could not be stored" in response.content.decode()
        assert "Grace" in response.content.decode()
        assert not User.objects.filter(first_name="Grace").exists()


def person(**paper):
    """Return what the add page of a person posts, with one paper."""
    return {
        "first_name": "Grace",
        "last_name": "Example",
        "email": "grace@example.com",
        "profile-TOTAL_FORMS": "1",
        "profile-INITIAL_FORMS": "0",
        "documents-TOTAL_FORMS": "1",
        "documents-INITIAL_FORMS": "0",
        "documents-0-kind": "cv",
        **{f"documents-0-{name}": value for name, value in paper.items()},
    }


class TestInline:
    def test_a_person_is_added_with_a_cv(self, hr):
        response = hr.post(reverse("admin:staff_user_add"), person(file=pdf("Grace.pdf")))

        paper = Document.objects.get()
        assert response.status_code == 302
        assert (str(paper.owner), paper.kind, paper.original_name) == (
            "Grace Example",
            "cv",
            "Grace.pdf",
        )

    def test_a_person_is_added_without_one(self, hr):
        hr.post(reverse("admin:staff_user_add"), person())

        assert User.objects.get(first_name="Grace").documents.count() == 0

    def test_a_bad_cv_keeps_what_was_typed(self, hr):
        bad = SimpleUploadedFile("cv.pdf", b"MZ")

        html = hr.post(reverse("admin:staff_user_add"), person(file=bad)).content.decode()

        assert "This file is not a PDF, DOCX, JPEG or PNG file" in html
        assert 'value="Grace"' in html
        assert not User.objects.filter(first_name="Grace").exists()

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("en", "Add another paper"),
            ("de", "Weitere Unterlage hinzufügen"),
            ("fr", "Ajouter un autre document"),
        ],
    )
    def test_the_persons_page_offers_another_paper_in_words(self, client, ada, language, words):
        client.force_login(make_user(roles=["HR"], language=language))

        page = client.get(reverse("admin:staff_user_change", args=[ada.pk]))

        assert f">{words}<" in page.content.decode()

    def test_the_persons_page_lists_the_papers(self, hr, ada):
        make_document(ada, name="Lebenslauf.pdf")

        html = hr.get(reverse("admin:staff_user_change", args=[ada.pk])).content.decode()

        assert "Lebenslauf.pdf" in html


class TestLookingOnly:
    """Somebody who may view papers and people but change neither."""

    @pytest.fixture
    def reader(self, client):
        reader = make_user()
        codes = ["view_document", "view_user", "view_profile"]
        reader.user_permissions.set(Permission.objects.filter(codename__in=codes))
        client.force_login(reader)
        return client

    @pytest.mark.parametrize("page", ["paper", "person"])
    def test_the_uploaders_name_is_shown_and_not_the_stores(self, reader, ada, page):
        paper = make_document(ada, name="Lebenslauf.pdf")
        person = reverse("admin:staff_user_change", args=[ada.pk])

        html = reader.get(change(paper) if page == "paper" else person).content.decode()

        assert ">Lebenslauf.pdf</bdi>" in html
        assert f">{paper.file.name}<" not in html


class TestDelete:
    def test_the_page_says_that_the_file_goes(self, hr, ada):
        paper = make_document(ada, name="Lebenslauf.pdf")

        html = hr.get(reverse("admin:documents_document_delete", args=[paper.pk])).content.decode()

        assert f"1 file ({paper.size}\xa0bytes) removed from the store once this is done" in html

    def test_the_page_says_so_too_when_files_are_kept_for_a_while(self, hr, ada, settings):
        settings.FILE_REMOVAL_GRACE = 3600
        paper = make_document(ada)

        html = hr.get(reverse("admin:documents_document_delete", args=[paper.pk])).content.decode()

        assert "removed from the store 1 hour after this" in html

    def test_the_bulk_page_counts_and_names_twenty(self, hr, ada):
        papers = [make_document(ada, name=f"{number}.pdf") for number in range(22)]

        chosen = [paper.pk for paper in papers]
        page = hr.post(LIST, {"action": "delete_selected", "_selected_action": chosen})

        deleted, files, _ = page.context["plan"].lines
        assert deleted.startswith("Deleted: 22 papers: 0.pdf, 1.pdf, ")
        assert deleted.endswith(", and 2 more")
        assert files.startswith("Files: 22 files (")


class TestDownloadZip:
    def test_the_selected_papers_come_in_one_file(self, hr, ada):
        papers = [make_document(ada), make_document(ada, kind="contract", name="contract.pdf")]
        make_document(ada, name="not selected.pdf")

        response = hr.post(
            LIST, {"action": "download_zip", "_selected_action": [p.pk for p in papers]}
        )

        archive = ZipFile(BytesIO(response.getvalue()))
        assert sorted(archive.namelist()) == ["Ada Example/contract.pdf", "Ada Example/cv.pdf"]
        assert response.headers["Content-Disposition"] == 'attachment; filename="papers.zip"'
        assert response.headers["Cache-Control"].startswith("private, no-store")

    def test_rows_that_may_not_be_viewed_stay_out(self, hr, ada, monkeypatch):
        mine, secret = make_document(ada), make_document(ada, name="secret.pdf")
        monkeypatch.setattr(
            "documents.admin.documents.DocumentAdmin.has_view_permission",
            lambda self, request, obj=None: obj != secret,
        )

        response = hr.post(
            LIST, {"action": "download_zip", "_selected_action": [mine.pk, secret.pk]}
        )

        assert ZipFile(BytesIO(response.getvalue())).namelist() == ["Ada Example/cv.pdf"]

    def test_ordinary_staff_may_not(self, client, ada):
        client.force_login(make_user())

        response = client.post(
            LIST, {"action": "download_zip", "_selected_action": [make_document(ada).pk]}
        )

        assert response.status_code == 403
