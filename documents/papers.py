"""What is known about the file of a paper: its name, size, type, checksum and uploader."""

import hashlib
from contextlib import nullcontext

from django.utils import timezone

from intranet.actor import current_actor
from intranet.uploads import clean_name, content_type_of

from .models import Document


def is_new_file(document: Document, using: str) -> bool:
    """Return whether the file is not the one that the stored row describes."""
    if not document.file:
        return False
    if not document.file._committed:
        return True
    stored = Document.objects.using(using).filter(pk=document.pk).values_list("file", flat=True)
    return stored.first() != document.file.name


def describe(document: Document) -> dict:
    """Read the file once, fill in what follows from it, and return that (field: value)."""
    facts = {"original_name": _original_name(document), **_content(document.file)}
    facts |= _uploader(document)
    for name, value in facts.items():
        setattr(document, name, value)
    return facts


def _original_name(document: Document) -> str:
    if document.file._committed and document.original_name:
        return document.original_name
    return clean_name(document.file.name)


def _content(file) -> dict:
    """Return size, checksum and type; nothing for a stored file that is missing."""
    try:
        opened = file.storage.open(file.name) if file._committed else nullcontext(file)
    except FileNotFoundError:
        return {}
    with opened as content:
        checksum = hashlib.sha256()
        for chunk in content.chunks():
            checksum.update(chunk)
        return {
            "size": content.size,
            "sha256": checksum.hexdigest(),
            "content_type": content_type_of(content),
        }


def _uploader(document: Document) -> dict:
    actor = current_actor()
    if document._state.adding:
        return {"uploaded_by_id": actor.pk} if actor else {}
    return {"uploaded_by_id": actor and actor.pk, "uploaded_at": timezone.now()}
