"""Plain functions that make papers, posts and small real files for tests."""

import zipfile
from datetime import timedelta
from io import BytesIO
from itertools import count

from django.core.files.base import ContentFile
from django.utils import timezone
from fpdf import FPDF
from PIL import Image

from documents.models import Document, Post, Requirement

_numbers = count(1)


def pdf_bytes(text="A paper") -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text=text)
    return bytes(pdf.output())


def docx_bytes(parts=None) -> bytes:
    """Return a Word document of the fewest parts; `parts` (name: content) are added."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": "<document/>",
            **(parts or {}),
        }.items():
            archive.writestr(name, content)
    return target.getvalue()


def image_bytes(kind: str, size=(8, 6), **options) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **options)
    return target.getvalue()


def png_bytes(size=(8, 6), **options) -> bytes:
    return image_bytes("PNG", size, **options)


def jpeg_bytes(size=(8, 6), **options) -> bytes:
    return image_bytes("JPEG", size, **options)


def make_document(owner, *, kind=Document.Kind.CV, content=None, name="cv.pdf", **fields):
    """Store a paper; its content is a small PDF unless given (bytes)."""
    file = ContentFile(pdf_bytes() if content is None else content, name=name)
    return Document.objects.create(owner=owner, kind=kind, file=file, **fields)


def make_post(title="", *, audience=(), starts=-1, ends=None, **fields):
    """Write a post that goes live in `starts` hours and ends in `ends` hours (None for never)."""
    now = timezone.now()
    fields.setdefault("body", "<p>Some text.</p>")
    fields.setdefault("publish_at", now + timedelta(hours=starts))
    fields.setdefault("expires_at", None if ends is None else now + timedelta(hours=ends))
    post = Post.objects.create(title=title or f"Post {next(_numbers)}", **fields)
    post.audience.set(audience)
    return post


def require(kind="cv", department=None, job_title="") -> Requirement:
    return Requirement.objects.create(kind=kind, department=department, job_title=job_title)
