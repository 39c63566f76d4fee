from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage

from documents.archive import MISSING, stream_zip
from documents.tests.factories import make_document, pdf_bytes, png_bytes
from intranet.tasks import run
from intranet.tasks.models import Work
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


def unzip(papers):
    return ZipFile(BytesIO(b"".join(stream_zip(papers))))


@pytest.fixture
def ada():
    return make_user("ada", first_name="Ada", last_name="Example")


class TestStreamZip:
    def test_it_holds_the_files_under_their_owners_and_own_names(self, ada):
        papers = [make_document(ada, name="cv.pdf"), make_document(ada, name="Zeugnis ü.pdf")]

        archive = unzip(papers)

        assert archive.namelist() == ["Ada Example/cv.pdf", "Ada Example/Zeugnis ü.pdf"]
        assert archive.testzip() is None

    def test_equal_names_are_numbered_whatever_their_case(self, ada):
        papers = [make_document(ada, name=name) for name in ("cv.pdf", "CV.pdf", "cv.pdf")]

        assert unzip(papers).namelist() == [
            "Ada Example/cv.pdf",
            "Ada Example/CV (2).pdf",
            "Ada Example/cv (3).pdf",
        ]

    def test_missing_files_are_listed(self, ada):
        gone, there = make_document(ada, name="gone.pdf"), make_document(ada, name="there.pdf")
        default_storage.delete(gone.file.name)

        archive = unzip([gone, there])

        assert archive.namelist() == ["Ada Example/there.pdf", MISSING]
        assert b"Ada Example/gone.pdf" in archive.read(MISSING)

    def test_no_name_leads_out_of_the_archive(self):
        owners = [make_user("eve", first_name="../../Eve"), make_user(".."), make_user("Eve Jr.")]

        names = unzip([make_document(owner, name="..\\..\\x:y.pdf") for owner in owners]).namelist()

        folders = ["_.._Eve", f"person {owners[1].pk}", "Eve Jr"]
        assert names == [f"{folder}/x_y.pdf" for folder in folders]

    def test_one_file_is_read_at_a_time(self, ada):
        reached = []

        def papers():
            for name, content in (("a.pdf", pdf_bytes()), ("b.png", png_bytes())):
                reached.append(name)
                yield make_document(ada, content=content, name=name)

        chunks = stream_zip(papers())
        next(chunks)

        assert reached == ["a.pdf"]

    def test_nothing_selected_is_an_empty_archive(self):
        assert unzip([]).namelist() == []


def test_of_many_papers_is_made_beside_the_page(client, ada, monkeypatch):
    monkeypatch.setattr("documents.admin.documents.LONG", 1)
    client.force_login(make_user("hazel", roles=["HR"]))
    papers = [make_document(ada, name="cv.pdf"), make_document(ada, name="Zeugnis.pdf")]
    chosen = {"action": "download_zip", "_selected_action": [it.pk for it in papers]}

    client.post("/admin/documents/document/", chosen)
    run.run_due()

    archive = ZipFile(BytesIO(client.get(Work.objects.get().file.url).getvalue()))
    assert archive.namelist() == ["Ada Example/Zeugnis.pdf", "Ada Example/cv.pdf"]
