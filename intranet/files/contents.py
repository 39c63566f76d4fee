"""Whether the content of a file is whole, harmless and of the type that it starts like."""

import re
import zipfile
from pathlib import PurePosixPath
from posixpath import normpath

from defusedxml.ElementTree import fromstring
from django.core.files.base import File
from django.utils.translation import gettext as _
from PIL import Image

from ..trace.phrases import phrase

PDF_HEAD = 1_024  # bytes, in which readers look for the header
PDF_TAIL = 64 * 1024  # bytes, in which the end is looked for
# Blanks, words and a printer's job lines: nothing that makes markup, a script or an archive of it.
HARMLESS = (
    rb"(?:\xef\xbb\xbf)?(?!MZ|PK|BM|GIF|RIFF|ID3|Ogg|BZh|Rar|[CFZ]WS)"
    rb"(?:\x1b%-12345X|@PJL[ -;=-~]*+|[\0\s\w.,:;/@+-])*+"
)
PDF_START = re.compile(HARMLESS + b"%PDF-")
DOCX_MAX_UNPACKED = 100 * 1024 * 1024  # bytes
ARCHIVE_MAX_RATIO = 100  # unpacked to packed
ARCHIVE_MAX_ENTRIES = 2_000
CONTENT_TYPES, RELATIONS = "[content_types].xml", "_rels/.rels"
PACKAGE_LIST_MAX = 1024 * 1024  # bytes, of either of these two
WORD_PART = "word/document.xml"  # where Word itself keeps the text
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
IMAGE_MAX_PIXELS = 60_000_000
IMAGE_MAX_SIDE = 65_535  # as in a JPEG; decoders hold whole rows beside the picture


class BrokenFile(ValueError):
    """The content is not a whole, harmless file of its type; the text says why."""


def check_pdf(file: "File[bytes]") -> None:
    """Find the end of the file: near the end, or before kilobytes of padding."""
    file.seek(max(file.size - PDF_TAIL, 0))
    tail = file.read()
    if b"startxref" in tail[-2048:] and b"%%EOF" in tail[-2048:]:
        return
    body, _end, rest = tail.rpartition(b"%%EOF")
    if b"startxref" not in body or not re.fullmatch(HARMLESS, rest):
        raise BrokenFile(_("its end is missing"))


def check_docx(file: "File[bytes]") -> None:
    """Find the part with the text as Word does: by what the package says of itself."""
    archive = check_archive(file, DOCX_MAX_UNPACKED)
    parts = {part_name(entry.filename): entry for entry in archive.infolist()}
    types = {
        part_name(entry.get("PartName") or f"*.{entry.get('Extension')}"): entry.get("ContentType")
        for entry in package_list(archive, parts, CONTENT_TYPES)
    }
    relations = package_list(archive, parts, RELATIONS)
    is_main = (entry for entry in relations if entry.get("Type", "").endswith("/officeDocument"))
    main = part_name(next(is_main, {"Target": WORD_PART}).get("Target", ""))
    usual = WORD if main == WORD_PART else None
    declared = types.get(main) or types.get(f"*{PurePosixPath(main).suffix}") or usual
    if not {CONTENT_TYPES, main}.issubset(parts) or declared != WORD:
        raise BrokenFile(_("it is not a Word document"))


def part_name(name: str) -> str:
    """Return the name of a part as packages compare them, whichever program wrote it."""
    return normpath("/" + name.replace("\\", "/")).lstrip("/").lower()


def package_list(
    archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], name: str
) -> list[dict[str, str]]:
    """Return the attributes of each entry of one of a package's lists; none without the list."""
    if name not in parts:
        return []
    if parts[name].file_size > PACKAGE_LIST_MAX:
        raise BrokenFile(_("the list of its parts is too long"))
    return [entry.attrib for entry in fromstring(archive.read(parts[name]))]


def check_archive(file: "File[bytes]", max_unpacked: int) -> zipfile.ZipFile:
    """Return the archive, judged by its central directory first, so that no bomb is unpacked.

    `max_unpacked` is in bytes.
    """
    file.seek(0)
    if sum(chunk.count(b"PK\1\2") for chunk in file.chunks()) > ARCHIVE_MAX_ENTRIES:
        raise BrokenFile(_("it holds too many parts"))
    file.seek(0)
    archive = zipfile.ZipFile(file)
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > min(max_unpacked, file.size * ARCHIVE_MAX_RATIO):
        raise BrokenFile(_("it unpacks to far too much"))
    if archive.testzip():
        raise BrokenFile(_("a part of it is damaged"))
    return archive


def check_image(file: "File[bytes]") -> None:
    """Judge by the size in the header first, so that a bomb is never decoded."""
    millions = IMAGE_MAX_PIXELS // 1_000_000
    too_large = str(phrase("it has more than %(count)d million pixels", count=millions))
    file.seek(0)
    try:
        with Image.open(file, formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > IMAGE_MAX_PIXELS:
                raise BrokenFile(too_large)
            if max(image.size) > IMAGE_MAX_SIDE:
                too_long = phrase("it is longer than %(count)s pixels", count=IMAGE_MAX_SIDE)
                raise BrokenFile(str(too_long))
            image.draft(None, (1, 1))  # a JPEG is read to its end and yet kept at an eighth
            image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BrokenFile(too_large) from error
