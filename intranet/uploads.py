"""Which uploaded files are accepted: the content decides, and the extension has to agree."""

import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.text import get_text_list
from PIL import Image

IMAGE_MAX_PIXELS = 25_000_000
DOCX_MAX_UNPACKED = 100 * 1024 * 1024  # bytes
ARCHIVE_MAX_RATIO = 100  # unpacked to packed
ARCHIVE_MAX_ENTRIES = 2_000
DOCX_NEEDS = {"[Content_Types].xml", "word/document.xml"}
NAME_MAX = 255
JOINERS = "\u200c\u200d"  # invisible, but part of Persian words and of many emoji


class BrokenFile(ValueError):
    """The content is not a whole, harmless file of its type; the text says why."""


def check_pdf(file: File) -> None:
    file.seek(max(file.size - 2048, 0))
    tail = file.read()
    if b"startxref" not in tail or b"%%EOF" not in tail:
        raise BrokenFile("its end is missing")


def check_docx(file: File) -> None:
    check_archive(file, "a Word document", DOCX_NEEDS, DOCX_MAX_UNPACKED)


def check_archive(file: File, what: str, needs: set[str], max_unpacked: int) -> None:
    """Judge by the central directory first, so that a bomb is never unpacked.

    `needs` are the parts that make the archive `what` it claims to be; `max_unpacked` is in bytes.
    """
    file.seek(0)
    if sum(chunk.count(b"PK\1\2") for chunk in file.chunks()) > ARCHIVE_MAX_ENTRIES:
        raise BrokenFile("it holds too many parts")
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > min(max_unpacked, file.size * ARCHIVE_MAX_RATIO):
            raise BrokenFile("it unpacks to far too much")
        if not needs.issubset(archive.namelist()):
            raise BrokenFile(f"it is not {what}")
        if archive.testzip():
            raise BrokenFile("a part of it is damaged")


def check_image(file: File) -> None:
    """Judge by the size in the header first, so that a bomb is never decoded."""
    too_large = f"it has more than {IMAGE_MAX_PIXELS // 1_000_000} million pixels"
    file.seek(0)
    try:
        with Image.open(file, formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > IMAGE_MAX_PIXELS:
                raise BrokenFile(too_large)
            image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BrokenFile(too_large) from error


@dataclass(frozen=True)
class FileType:
    name: str
    content_type: str
    extensions: tuple[str, ...]
    magic: bytes
    check: Callable[[File], None]


DOCX_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = FileType("PDF", "application/pdf", (".pdf",), b"%PDF-", check_pdf)
DOCX = FileType("DOCX", DOCX_CONTENT_TYPE, (".docx",), b"PK\3\4", check_docx)
JPEG = FileType("JPEG", "image/jpeg", (".jpg", ".jpeg"), b"\xff\xd8\xff", check_image)
PNG = FileType("PNG", "image/png", (".png",), b"\x89PNG\r\n\x1a\n", check_image)
PAPERS = (PDF, DOCX, JPEG, PNG)
IMAGES = (JPEG, PNG)
UNKNOWN = "application/octet-stream"


def names(types: Iterable[FileType]) -> str:
    return get_text_list([file_type.name for file_type in types], "or")


def accepted_text(accepted: Iterable[FileType] = PAPERS) -> str:
    """Return the sentence that names what is accepted, and the limit."""
    limit = filesizeformat(settings.UPLOAD_MAX_BYTES)
    return f"Accepted is a {names(accepted)} file of at most {limit}."


def _file_type(file: File) -> FileType | None:
    file.seek(0)
    start = file.read(8)
    return next((known for known in PAPERS if start.startswith(known.magic)), None)


def _check_content(file: File, file_type: FileType) -> None:
    try:
        file_type.check(file)
    except BrokenFile:
        raise
    except Exception as error:  # the parsers raise whatever they like
        raise BrokenFile("it cannot be read") from error


def content_type_of(file: File) -> str:
    """Return the content type by content alone; "application/octet-stream" when unknown or broken.

    Leaves the file at its start.
    """
    file_type = _file_type(file)
    try:
        if file_type:
            _check_content(file, file_type)
    except BrokenFile:
        file_type = None
    file.seek(0)
    return file_type.content_type if file_type else UNKNOWN


def check_upload(file: File, accepted: Iterable[FileType] = PAPERS) -> str:
    """Return the content type of an acceptable upload and leave the file at its start.

    Raises ValidationError, naming what is accepted, for anything else.
    """
    try:
        file_type = _accepted_type(file, tuple(accepted))
    except BrokenFile as error:
        raise ValidationError(f"{error} {accepted_text(accepted)}", code="upload") from error
    file.seek(0)
    return file_type.content_type


def _accepted_type(file: File, accepted: tuple[FileType, ...]) -> FileType:
    if not file.size:
        raise BrokenFile("This file is empty.")
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise BrokenFile(f"This file is too large ({filesizeformat(file.size)}).")
    file_type = _file_type(file)
    suffix = PurePath(file.name or "").suffix.lower()
    if file_type not in accepted:
        raise BrokenFile(f"This file is not a {names(accepted)} file, or its name says otherwise.")
    if suffix not in file_type.extensions:
        raise BrokenFile(f"This is a {file_type.name} file, but its name says something else.")
    try:
        _check_content(file, file_type)
    except BrokenFile as error:
        raise BrokenFile(f"This {file_type.name} file is not in order: {error}.") from error
    return file_type


def type_name(content_type: str) -> str:
    """Return what people call a content type: "PDF"."""
    return next((known.name for known in PAPERS if known.content_type == content_type), "unknown")


def clean_name(name: str | None) -> str:
    """Return the uploader's file name: no folders, nothing invisible, at most 255 characters."""
    name = (name or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in name if char.isprintable() or char in JOINERS)
    if not name.strip(" ."):
        return "file"
    suffix = PurePath(name).suffix[:20]
    return name if len(name) <= NAME_MAX else name[: NAME_MAX - len(suffix)] + suffix


def known_suffix(name: str) -> str:
    """Return the lower-case extension of `name` if it is an accepted one, else nothing."""
    suffix = PurePath(name).suffix.lower()
    return suffix if any(suffix in known.extensions for known in PAPERS) else ""


class CheckedFileField(forms.FileField):
    """A form field for a file that `check_upload` accepts; its errors name what is accepted."""

    accepted = PAPERS

    def __init__(self, **kwargs):
        kwargs["help_text"] = kwargs.get("help_text") or accepted_text(self.accepted)
        super().__init__(**kwargs)
        self.allow_empty_file = True  # check_upload refuses it, and says what is accepted

    def to_python(self, data):
        if failure := getattr(data, "failure", None):  # set where storing it was tried
            raise ValidationError(str(failure), code="not_stored")
        file = super().to_python(data)
        if file is not None:
            check_upload(file, self.accepted)
        return file

    def widget_attrs(self, widget):
        suffixes = ",".join(suffix for known in self.accepted for suffix in known.extensions)
        return {**super().widget_attrs(widget), "accept": suffixes}
