"""Which uploaded files are accepted: the content decides, and the extension has to agree."""

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.functional import lazy
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from .contents import PDF_HEAD, PDF_START, BrokenFile, check_docx, check_image, check_pdf
from .disk import NotStored

NAME_MAX = 255
GENERATED = r"[0-9a-f]{32}(_[a-zA-Z0-9]{7})?"  # a stored name, and what Django adds if it is taken
JOINERS = "\u200c\u200d"  # invisible, but part of Persian words and of many emoji


class FileType(NamedTuple):
    name: str
    content_type: str
    extensions: tuple[str, ...]
    start: re.Pattern[bytes]
    check: Callable[["File[bytes]"], None]


Types = tuple[FileType, ...]
DOCX_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JPEG_NAMES = (".jpg", ".jpeg", ".jfif", ".jpe")
PDF = FileType("PDF", "application/pdf", (".pdf",), PDF_START, check_pdf)
DOCX = FileType("DOCX", DOCX_CONTENT_TYPE, (".docx",), re.compile(b"PK\3\4"), check_docx)
JPEG = FileType("JPEG", "image/jpeg", JPEG_NAMES, re.compile(rb"\xff\xd8\xff"), check_image)
PNG = FileType("PNG", "image/png", (".png",), re.compile(rb"\x89PNG\r\n\x1a\n"), check_image)
KNOWN = (PDF, DOCX, JPEG, PNG)
IMAGES = (JPEG, PNG)
UNKNOWN = "application/octet-stream"


def names(types: Types) -> str:
    return get_text_list([file_type.name for file_type in types])


def accepted_text(accepted: Types = KNOWN) -> str:
    """Return the sentence that names what is accepted, and the limit."""
    facts = {"types": names(accepted), "limit": filesizeformat(settings.UPLOAD_MAX_BYTES)}
    return _("Accepted is a %(types)s file of at most %(limit)s.") % facts


accepted_later = lazy(accepted_text, str)  # made once: it is a class of its own


def check_upload(file: "File[bytes]", accepted: Types = KNOWN) -> str:
    """Return the content type of an acceptable upload and leave the file at its start.

    Raises ValidationError, naming what is accepted, for anything else.
    """
    if reason := _refusal(file, accepted):
        raise ValidationError(f"{reason} {accepted_text(accepted)}", code="upload")
    file_type = _type_of(file)
    return file_type.content_type if file_type else UNKNOWN


def content_type_of(file: "File[bytes]") -> str:
    """Return the content type by content alone; "application/octet-stream" when unknown or broken.

    Leaves the file at its start.
    """
    file_type = _type_of(file)
    return file_type.content_type if file_type and not _fault(file, file_type) else UNKNOWN


def _refusal(file: "File[bytes]", accepted: Types) -> str:
    if not file.size:
        return _("This file is empty.")
    if file.size > settings.UPLOAD_MAX_BYTES:
        return _("This file is too large (%(size)s).") % {"size": filesizeformat(file.size)}
    file_type = _type_of(file)
    if file_type is None or file_type not in accepted:
        types = {"types": names(accepted)}
        return _("This file is not a %(types)s file, or its name says otherwise.") % types
    if PurePath(file.name or "").suffix.lower() not in file_type.extensions:
        known = {"type": file_type.name}
        return _("This is a %(type)s file, but its name says something else.") % known
    if not (fault := _fault(file, file_type)):
        return ""
    facts = {"type": file_type.name, "fault": fault}
    return _("This %(type)s file is not in order: %(fault)s.") % facts


def _type_of(file: "File[bytes]") -> FileType | None:
    """Return what the file starts like."""
    file.seek(0)
    head = file.read(PDF_HEAD)
    file.seek(0)
    return next((known for known in KNOWN if known.start.match(head)), None)


def _fault(file: "File[bytes]", file_type: FileType) -> str:
    """Return what is wrong with the content, or ""."""
    try:
        file_type.check(file)
    except BrokenFile as error:
        return str(error)
    except Exception:  # the parsers raise whatever they like
        return _("it cannot be read")
    finally:
        file.seek(0)
    return ""


def type_name(content_type: str) -> str:
    """Return what people call a content type: "PDF"."""
    return next((known.name for known in KNOWN if known.content_type == content_type), _("unknown"))


def clean_name(name: str | None) -> str:
    """Return the uploader's file name: no folders, nothing invisible, at most 255 characters."""
    name = (name or "").replace("\\", "/").rpartition("/")[2]
    name = name.replace("%22", '"')  # as browsers send it
    name = "".join(char for char in name if char.isprintable() or char in JOINERS)
    if not name.strip(" ."):
        return "file"
    suffix = PurePath(name).suffix[:20]
    return name if len(name) <= NAME_MAX else name[: NAME_MAX - len(suffix)] + suffix


def known_suffix(name: str) -> str:
    """Return the lower-case extension of `name` if it is an accepted one, else nothing."""
    suffix = PurePath(name).suffix.lower()
    return suffix if any(suffix in known.extensions for known in KNOWN) else ""


class CheckedFileField(forms.FileField):
    """A form field for a file that `check_upload` accepts; its errors name what is accepted."""

    accepted = KNOWN

    def __init__(self, **kwargs: Any):
        kwargs["help_text"] = kwargs.get("help_text") or accepted_later(self.accepted)
        super().__init__(**kwargs)
        self.allow_empty_file = True  # check_upload refuses it, and says what is accepted

    def to_python(self, data: "File[Any] | None") -> "File[Any] | None":
        if isinstance(data, NotStored):
            raise ValidationError(str(data.failure), code="not_stored")
        file = super().to_python(data)
        if file is not None:
            check_upload(file, self.accepted)
        return file

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        suffixes = ",".join(suffix for known in self.accepted for suffix in known.extensions)
        return {**super().widget_attrs(widget), "accept": suffixes}
