"""Files as other programs write them, and files that only claim to be of a type."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from intranet.files.uploads import DOCX_CONTENT_TYPE, IMAGES, check_upload, known_suffix

FIELD = Path(__file__).parent / "field"
PDF = (FIELD / "pdf-bom.pdf").read_bytes()[3:]
SCHEMAS = "http://schemas.openxmlformats.org"
MAIN_RELATION = f"{SCHEMAS}/officeDocument/2006/relationships/officeDocument"
STRICT_RELATION = "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
ZIP_END = b"PK\5\6" + bytes(18)
JUNK_LINE = b"Content-Type: application/pdf\r\n\r\n"
PRINTER_JOB = b'\x1b%-12345X@PJL SET JOBNAME="CV"\r\n@PJL ENTER LANGUAGE=PDF\r\n'


def check(name, content, **options):
    return check_upload(SimpleUploadedFile(name, content), **options)


def zipped(parts):
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def docx(part="word/document.xml", declared=WORD, target=None, relation=MAIN_RELATION, **more):
    """Return a Word document whose main part is the zip entry `part`."""
    where = "/" + part.replace("\\", "/")
    override = f'<Override PartName="{where}" ContentType="{declared}"/>' if declared else ""
    relations = f'<Relationship Id="r1" Type="{relation}" Target="{target or where}"/>'
    return zipped(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{SCHEMAS}/package/2006/content-types">{override}</Types>'
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{SCHEMAS}/package/2006/relationships">'
                f"{relations}</Relationships>"
            ),
            part: "<document/>",
            **more,
        }
    )


class TestPdfFromTheField:
    @pytest.mark.parametrize("name", ["pdf-bom", "pdf-prefix-1000", "pdf-trailing-nul-4k"])
    def test_a_pdf_with_something_around_it_is_accepted(self, name):
        assert check("cv.pdf", (FIELD / f"{name}.pdf").read_bytes()) == "application/pdf"

    @pytest.mark.parametrize(
        "junk",
        [b"\r\n\n", bytes(1019), b"\xef\xbb\xbf\n", JUNK_LINE, PRINTER_JOB, b"junk\n" * 200],
        ids=["line ends", "up to byte 1024", "BOM and line", "header", "printer", "words"],
    )
    def test_a_header_within_the_first_1024_bytes(self, junk):
        assert check("cv.pdf", junk + PDF) == "application/pdf"

    @pytest.mark.parametrize(
        "junk",
        [b"\n" * 60_000, b"\0" * 4_000 + b"\r\n", JUNK_LINE * 100, b"\x1b%-12345X" + b" " * 3000],
        ids=["60 kB of line ends", "NULs and a line", "words", "printer"],
    )
    def test_kilobytes_after_the_end(self, junk):
        assert check("cv.pdf", PDF + junk) == "application/pdf"


class TestPolyglotsStayRefused:
    @pytest.mark.parametrize(
        "start",
        [
            b"<html><script>alert(1)</script>",
            b"\xef\xbb\xbf<!DOCTYPE html>",
            b"\n" * 900 + b"<svg/onload=alert(1)>",
            b"<?php system($_GET[0]); ?>",
            b"alert(1)//",
            b"location='javascript:alert%281%29'//",
            b"x=`",
            b"#!/bin/sh\nrm\n",
            b"PK\3\4",
            b"PK\5\6" + bytes(18),
            b"MZ\x90\0" + bytes(60),
            b"MZ" + bytes(60),
            b"GIF89a" + bytes(20),
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xfe\0\x20",
            b"BM" + bytes(20),
            b"RIFF    WEBP",
            b"\x1f\x8b\x08\0",
            b"\xd0\xcf\x11\xe0",
            b"\0<script>",
            b"%PD",
            b'\x1b%-12345X@PJL SET X="<script>"\r\n',
        ],
    )
    def test_a_pdf_after_the_start_of_something_else(self, start):
        for name in ("cv.pdf", "cv.html", "cv.docx"):
            with pytest.raises(ValidationError, match=r"not a PDF|not in order|says some"):
                check(name, start + PDF)

    @pytest.mark.parametrize("junk", [bytes(1020), bytes(1024), b"junk\n" * 300])
    def test_a_header_after_the_first_1024_bytes(self, junk):
        with pytest.raises(ValidationError, match="This file is not a PDF"):
            check("cv.pdf", junk + PDF)

    @pytest.mark.parametrize(
        "rest",
        [b"<script>alert(1)</script>", b"PK\3\4", ZIP_END, b"MZ\x90\0", bytes(range(256))],
    )
    def test_kilobytes_of_something_else_after_the_end(self, rest):
        for after in (rest + bytes(4_000), bytes(4_000) + rest):
            with pytest.raises(ValidationError, match="its end is missing"):
                check("cv.pdf", PDF + after)

    def test_an_end_that_is_further_away_than_64_kilobytes(self):
        with pytest.raises(ValidationError, match="its end is missing"):
            check("cv.pdf", PDF + bytes(70_000))

    @pytest.mark.parametrize("content", [PDF[:-8] + bytes(4_000), b"%PDF-1.4" + bytes(4_000)])
    def test_padding_is_no_end(self, content):
        with pytest.raises(ValidationError, match="its end is missing"):
            check("cv.pdf", content)


class TestDocxFromTheField:
    def test_the_main_part_of_word_online(self):
        content = (FIELD / "docx-word-online-document2.docx").read_bytes()

        assert check("cv.docx", content) == DOCX_CONTENT_TYPE

    @pytest.mark.parametrize(
        "content",
        [
            docx(),
            docx("word\\document.xml"),
            docx(target="./word/document.xml"),
            docx(target="/word/../word/document.xml"),
            docx("word\\document2.xml", target="word\\document2.xml"),
            docx("word/document2.xml", target="/word/document2.xml"),
            docx("Word/Document.xml", target="word/document.xml"),
            docx("content/main.xml", relation=STRICT_RELATION),
            docx(declared=""),
        ],
        ids=["plain", "backslash", "dot", "dots", "both", "rooted", "case", "strict", "undeclared"],
    )
    def test_the_main_part_is_found_by_what_the_package_says(self, content):
        assert check("cv.docx", content) == DOCX_CONTENT_TYPE

    def test_a_type_declared_for_every_xml_part(self):
        types = f'<Types><Default Extension="XML" ContentType="{WORD}"/></Types>'
        content = docx("word/document9.xml", **{"[Content_Types].xml": types})

        assert check("cv.docx", content) == DOCX_CONTENT_TYPE

    def test_all_of_it_with_backslashes(self):
        relations = docx(target="word\\document.xml")
        with zipfile.ZipFile(BytesIO(relations)) as archive:
            parts = {name.replace("/", "\\"): archive.read(name) for name in archive.namelist()}

        assert check("cv.docx", zipped(parts)) == DOCX_CONTENT_TYPE


class TestOtherArchivesStayRefused:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(docx(declared=MACROS), id="docm"),
            pytest.param(docx("word/document2.xml", declared=MACROS), id="docm, other name"),
            pytest.param(docx("word/document2.xml", declared=""), id="undeclared"),
            pytest.param(docx("xl/workbook.xml", declared=SHEET), id="xlsx"),
            pytest.param(docx("xl/workbook.xml", declared=""), id="xlsx, undeclared"),
            pytest.param(docx(target="/word/missing.xml"), id="no part"),
            pytest.param(docx("word/document2.xml", relation="other"), id="no relation"),
            pytest.param(zipped({"mimetype": "opendocument", "content.xml": "<x/>"}), id="odt"),
            pytest.param(zipped({"word/document.xml": "<document/>"}), id="no types"),
            pytest.param(zipped({"[Content_Types].xml": "<Types/>"}), id="nothing else"),
        ],
    )
    def test_what_is_no_word_document(self, content):
        with pytest.raises(ValidationError, match="it is not a Word document"):
            check("cv.docx", content)

    @pytest.mark.parametrize("name", ["cv.docm", "cv.xlsx", "cv.odt", "cv.zip", "cv.dotx"])
    def test_another_extension(self, name):
        with pytest.raises(ValidationError, match="its name says something else"):
            check(name, docx())

    def test_an_encrypted_word_document(self):
        with pytest.raises(ValidationError, match="This file is not a"):
            check("cv.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096))

    def test_an_encrypted_zip(self):
        content = bytearray(docx())
        content[6] |= 1
        content[content.index(b"PK\1\2") + 8] |= 1

        with pytest.raises(ValidationError, match="cannot be read"):
            check("cv.docx", bytes(content))

    @pytest.mark.parametrize(
        "types",
        [
            '<!DOCTYPE a [<!ENTITY b "b">]><Types>&b;</Types>',
            "<Types>" + "<!-- " + "padding " * 140_000 + "--></Types>",
            "no xml",
        ],
        ids=["entities", "a megabyte", "text"],
    )
    def test_a_list_of_parts_that_is_a_trap(self, types):
        stored = BytesIO()
        with zipfile.ZipFile(stored, "w") as archive:  # not packed: a high ratio is refused before
            archive.writestr("[Content_Types].xml", types)
            archive.writestr("word/document.xml", "<document/>")

        with pytest.raises(ValidationError, match="not in order"):
            check("cv.docx", stored.getvalue())


class TestNamesOfJpegs:
    @pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".jfif", ".jpe", ".JFIF"])
    def test_every_name_of_a_jpeg_is_accepted(self, suffix):
        target = BytesIO()
        Image.new("RGB", (4, 4)).save(target, "JPEG")

        assert check(f"me{suffix}", target.getvalue(), accepted=IMAGES) == "image/jpeg"
        assert known_suffix(f"me{suffix}") == suffix.lower()

    @pytest.mark.parametrize("name", ["me.jfif", "me.jpe"])
    def test_a_png_by_that_name_is_refused(self, name):
        target = BytesIO()
        Image.new("RGB", (4, 4)).save(target, "PNG")

        with pytest.raises(ValidationError, match="a PNG file, but its name"):
            check(name, target.getvalue())
