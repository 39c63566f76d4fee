import hashlib
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import transaction

from documents.models import Document
from documents.tests.factories import docx_bytes, jpeg_bytes, make_document, pdf_bytes, png_bytes
from intranet.trace.action import begin
from intranet.trace.models import Change
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user("ada")


class TestDescribeFile:
    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (pdf_bytes(), "application/pdf"),
            (
                docx_bytes(),
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            (jpeg_bytes(), "image/jpeg"),
            (png_bytes(), "image/png"),
            (b"<script>alert(1)</script>", "application/octet-stream"),
        ],
    )
    def test_the_content_decides_the_type_even_from_the_shell(self, owner, content, content_type):
        paper = make_document(owner, content=content, name="anything.pdf")

        assert paper.content_type == content_type

    def test_it_fills_in_name_size_and_checksum(self, owner):
        content = pdf_bytes()

        paper = make_document(owner, content=content, name="Lebenslauf Müller.PDF")

        stored = Document.objects.get(pk=paper.pk)
        assert stored.original_name == "Lebenslauf Müller.PDF"
        assert stored.size == len(content)
        assert stored.sha256 == hashlib.sha256(content).hexdigest()
        assert stored.file.read() == content

    def test_whoever_acts_is_the_uploader(self, owner):
        clerk = make_user("clerk")

        with begin(clerk):
            paper = make_document(owner)

        paper.refresh_from_db()
        assert paper.uploaded_by == clerk

    def test_a_replacement_is_described_anew(self, owner):
        clerk = make_user("clerk")
        with begin(clerk):
            paper = make_document(owner)
        before = paper.uploaded_at

        paper.file = ContentFile(png_bytes(), name="new.png")
        paper.save()

        paper.refresh_from_db()
        assert (paper.original_name, paper.content_type) == ("new.png", "image/png")
        assert paper.uploaded_by is None
        assert paper.uploaded_at > before

    def test_saving_the_file_field_alone_writes_the_description_too(self, owner):
        paper = make_document(owner)

        paper.file = ContentFile(png_bytes(), name="new.png")
        paper.save(update_fields=["file"])

        paper.refresh_from_db()
        assert (paper.original_name, paper.content_type) == ("new.png", "image/png")
        assert paper.sha256 == hashlib.sha256(png_bytes()).hexdigest()

    def test_the_history_tells_the_name_of_a_file_that_is_saved_alone(self, owner):
        paper = make_document(owner, name="old.pdf")
        paper.file = ContentFile(pdf_bytes("other"), name="new.pdf")

        paper.save(update_fields=["file"])

        named = Change.objects.get(kind="changed", values__has_key="original_name")
        assert named.values["original_name"] == ["old.pdf", "new.pdf"]
        assert named.cause == "documents.describe_file"

    def test_a_file_saved_through_its_field_is_described(self, owner):
        paper = Document(owner=owner)

        paper.file.save("cv.png", ContentFile(png_bytes()))

        paper.refresh_from_db()
        assert (paper.original_name, paper.content_type) == ("cv.png", "image/png")
        assert paper.size == len(png_bytes())

    def test_a_row_that_names_a_missing_file_can_be_saved(self, owner):
        paper = Document.objects.create(owner=owner, file="cvs/gone.pdf")

        assert (paper.original_name, paper.size) == ("gone.pdf", 0)

    def test_an_unchanged_file_is_not_read(self, owner):
        paper = make_document(owner)
        described = (paper.sha256, paper.uploaded_at)
        Path(paper.file.path).write_bytes(b"changed behind its back")

        paper.title = "Renamed"
        paper.save()

        paper.refresh_from_db()
        assert (paper.sha256, paper.uploaded_at) == described

    def test_other_fields_saved_alone_leave_the_description(self, owner):
        paper = make_document(owner)

        paper.file = ContentFile(png_bytes(), name="new.png")
        paper.save(update_fields=["title"])

        paper.refresh_from_db()
        assert paper.original_name == "cv.pdf"

    def test_loaddata_changes_nothing(self, owner, tmp_path):
        paper = make_document(owner)
        fixture = tmp_path / "papers.json"
        call_command("dumpdata", "documents.document", output=str(fixture))
        Document.objects.filter(pk=paper.pk).update(original_name="other.pdf", size=1)
        fixture.write_text(fixture.read_text().replace("cv.pdf", "as dumped.pdf"))

        call_command("loaddata", str(fixture), verbosity=0)

        paper.refresh_from_db()
        assert paper.original_name == "as dumped.pdf"

    def test_a_rollback_leaves_the_description(self, owner):
        paper = make_document(owner)

        with transaction.atomic():
            paper.file = ContentFile(png_bytes(), name="new.png")
            paper.save(update_fields=["file"])
            transaction.set_rollback(True)

        paper.refresh_from_db()
        assert paper.original_name == "cv.pdf"


class TestStoredName:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("..\\..\\boot.pdf", "boot.pdf"),
            ("a\x00b.pdf", "ab.pdf"),
            ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
            ("cv\u202efdp.pdf", "cvfdp.pdf"),
            ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
            ("سيرة ذاتية.pdf", "سيرة ذاتية.pdf"),
            ("👩\u200d💻 cv.pdf", "👩\u200d💻 cv.pdf"),
            ("..", "file"),
        ],
    )
    def test_the_uploaders_name_survives_only_as_text(self, owner, given, kept):
        paper = Document(owner=owner, kind=Document.Kind.CONTRACT)
        paper.file.save(given, ContentFile(pdf_bytes()))

        paper.refresh_from_db()
        assert paper.original_name == kept
        folder, _, name = paper.file.name.partition("/")
        assert folder == "contracts"
        assert name.removesuffix(".pdf").isalnum()

    @pytest.mark.parametrize("name", ["x.php", "x.html", "x", "x.pdf.exe"])
    def test_an_unknown_extension_is_dropped(self, owner, name):
        paper = make_document(owner, name=name)

        assert paper.file.name.removeprefix("cvs/").isalnum()
