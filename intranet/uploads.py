"""Which uploaded files are accepted: the content decides, and the extension has to agree."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.text import get_text_list

from .contents import PDF_HEAD, PDF_START, BrokenFile, check_docx, check_image, check_pdf

NAME_MAX = 255
GENERATED = r"[0-9a-f]{32}(_[a-zA-Z0-9]{7})?"  # a stored name, and what Django adds if it is taken
JOINERS = "\u200c\u200d"  # invisible, but part of Persian words and of many emoji


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
JPEG = FileType(
    "JPEG", "image/jpeg", (".jpg", ".jpeg", ".jfif", ".jpe"), b"\xff\xd8\xff", check_image
)
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
    start = file.read(PDF_HEAD)
    known = next((known for known in PAPERS if start.startswith(known.magic)), None)
    return known or (PDF if PDF_START.match(start) else None)


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
