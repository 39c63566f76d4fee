"""Plain functions that make papers, posts and small real files for tests."""

import zipfile
from io import BytesIO

from django.core.files.base import ContentFile
from fpdf import FPDF
from PIL import Image

from documents.models import Document, Post


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


def make_post(title="News", *, audience=(), **fields):
    """Write a post for the given departments (everybody when there are none)."""
    fields.setdefault("body", "<p>Something happened.</p>")
    post = Post.objects.create(title=title, **fields)
    post.audience.set(audience)
    return post
