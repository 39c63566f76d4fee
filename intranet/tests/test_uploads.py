import zipfile
import zlib
from io import BytesIO

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from intranet.files.uploads import (
    DOCX_CONTENT_TYPE,
    IMAGES,
    CheckedFileField,
    check_upload,
    clean_name,
)

PDF = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\n"


def upload(name, content):
    return SimpleUploadedFile(name, content)


def image_bytes(kind, size=(4, 4)):
    target = BytesIO()
    Image.new("RGB", size).save(target, kind)
    return target.getvalue()


def docx_bytes(**parts):
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def png_that_claims(width, height):
    """Return a PNG of a few bytes whose header claims a size."""
    content = bytearray(image_bytes("PNG"))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


class TestAccepted:
    @pytest.mark.parametrize(
        ("name", "content", "content_type"),
        [
            ("cv.pdf", PDF, "application/pdf"),
            ("CV.PDF", PDF, "application/pdf"),
            ("cv.docx", docx_bytes(), DOCX_CONTENT_TYPE),
            ("me.jpg", image_bytes("JPEG"), "image/jpeg"),
            ("me.jpeg", image_bytes("JPEG"), "image/jpeg"),
            ("me.png", image_bytes("PNG"), "image/png"),
        ],
    )
    def test_the_type_is_returned_and_the_file_is_at_its_start(self, name, content, content_type):
        file = upload(name, content)

        assert check_upload(file) == content_type
        assert file.read() == content


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("cv.pdf", b"", "empty"),
            ("cv.exe", b"MZ\x90\x00", "This file is not a "),
            ("cv.pdf", b"MZ\x90\x00", "This file is not a "),
            ("cv.pdf", b"<html>%PDF-</html>", "This file is not a "),
            ("cv.exe", PDF, "a PDF file, but its name says something else"),
            ("cv", PDF, "name says something else"),
            ("me.jpg", image_bytes("PNG"), "a PNG file, but its name"),
            ("cv.pdf", PDF[:-8], "its end is missing"),
            ("me.png", image_bytes("PNG")[:-26], "cannot be read"),
            ("me.jpg", image_bytes("JPEG", (200, 200))[:-200], "cannot be read"),
            ("cv.docx", docx_bytes()[:-30], "cannot be read"),
            ("cv.docx", b"PK\3\4 and nothing else", "cannot be read"),
        ],
    )
    def test_the_error_names_the_reason_and_what_is_accepted(self, name, content, reason):
        with pytest.raises(ValidationError, match=reason) as error:
            check_upload(upload(name, content))

        assert "PDF, DOCX, JPEG or PNG file of at most 10.0" in error.value.message

    def test_a_file_over_the_limit(self, settings):
        settings.UPLOAD_MAX_BYTES = len(PDF) - 1

        with pytest.raises(ValidationError, match=r"too large.*at most 4\d"):
            check_upload(upload("cv.pdf", PDF))

    def test_a_type_that_is_accepted_elsewhere(self):
        with pytest.raises(ValidationError, match="JPEG or PNG"):
            check_upload(upload("cv.pdf", PDF), IMAGES)


class TestBombs:
    def test_a_docx_that_unpacks_to_far_too_much(self):
        bomb = docx_bytes(**{"word/media/zeros": bytes(5_000_000)})

        with pytest.raises(ValidationError, match="unpacks to far too much"):
            check_upload(upload("cv.docx", bomb))

    def test_a_docx_of_too_many_parts(self):
        bomb = docx_bytes(**{f"p{number}": "" for number in range(2_000)})

        with pytest.raises(ValidationError, match="too many parts"):
            check_upload(upload("cv.docx", bomb))

    def test_any_other_zip(self):
        target = BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("hello.txt", "hello")

        with pytest.raises(ValidationError, match="not a Word document"):
            check_upload(upload("cv.docx", target.getvalue()))

    def test_a_docx_with_a_damaged_part(self):
        content = docx_bytes(**{"word/styles.xml": bytes(range(256))})
        start = content.index(b"word/styles.xml") + 60

        with pytest.raises(ValidationError, match=r"damaged|cannot be read"):
            check_upload(upload("cv.docx", content[:start] + b"\0" * 9 + content[start + 9 :]))

    @pytest.mark.parametrize("size", [(10_001, 6_000), (12_000, 12_000), (60_000, 60_000)])
    def test_an_image_is_refused_by_the_size_it_claims(self, size):
        with pytest.raises(ValidationError, match="more than 60 million pixels"):
            check_upload(upload("me.png", png_that_claims(*size)))


class TestCheckedFileField:
    class Form(forms.Form):
        file = CheckedFileField()

    def test_an_empty_file_is_told_what_is_accepted(self):
        form = self.Form({}, {"file": upload("cv.pdf", b"")})

        assert "Accepted is a PDF" in str(form.errors["file"])

    def test_a_good_file_passes(self):
        assert self.Form({}, {"file": upload("cv.pdf", PDF)}).is_valid()

    def test_the_page_says_what_is_accepted(self):
        html = self.Form().as_p()

        assert "Accepted is a PDF, DOCX, JPEG or PNG file" in html
        assert 'accept=".pdf,.docx,.jpg,.jpeg,.jfif,.jpe,.png"' in html


class TestCleanName:
    def test_has_the_quotation_marks_that_browsers_escape_and_nothing_else(self):
        assert clean_name("the %22old%22 100%25%0D cv.pdf") == 'the "old" 100%25%0D cv.pdf'

    def test_a_lone_surrogate_is_dropped(self):
        assert clean_name("caf\udce9.pdf") == "caf.pdf"

    def test_no_name_at_all(self):
        assert clean_name(None) == "file"
