"""What is known about the file of a paper: its name, size, type, checksum and uploader."""

import hashlib
from contextlib import nullcontext
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext as _

from intranet.files.fields import is_stored
from intranet.files.uploads import clean_name, content_type_of
from intranet.outbox.notices import notify_admins
from intranet.sidebar import address
from intranet.trace.action import current_actor
from intranet.trace.phrases import nphrase

from .models import Document

SOON = timedelta(days=30)  # before a paper runs out
KEPT = [Document.Kind.CONTRACT, Document.Kind.CERTIFICATE]  # kinds that outlast their owner's stay


def is_new_file(document: Document, using: str) -> bool:
    """Return whether the file is not the one that the stored row describes."""
    if not document.file:
        return False
    if not is_stored(document.file):
        return True
    rows = Document.objects.using(using).filter(pk=document.pk).values_list("file", flat=True)
    stored, name = rows.first(), document.file.name
    if stored is None:
        return True
    return stored != name and document.file.storage.exists(name)  # else a copy from before it went


def describe_new(document: Document) -> dict:
    """Read the file once, fill in what follows from it, and return that (field: value)."""
    facts, actor, file = _content(document.file), current_actor(), document.file
    if not (is_stored(file) and document.original_name):
        facts["original_name"] = clean_name(file.name)
    if actor or not document._state.adding:
        facts["uploaded_by_id"] = actor and actor.pk
    if not document._state.adding:
        facts["uploaded_at"] = timezone.now()
    return _fill_in(document, facts)


def describe_stored(document: Document, using: str) -> None:
    """Let an old copy describe the file that is stored now, which saving it leaves in place."""
    names = ["original_name", "size", "content_type", "sha256", "uploaded_by_id", "uploaded_at"]
    row = Document.objects.using(using).filter(pk=document.pk).values(*names).first()
    if row and row["sha256"] != document.sha256:
        _fill_in(document, row)


def _fill_in(document: Document, facts: dict) -> dict:
    for name, value in facts.items():
        setattr(document, name, value)
    return facts


def _content(file) -> dict:
    """Return size, checksum and type; nothing for a stored file that is missing."""
    try:
        opened = file.storage.open(file.name) if is_stored(file) else nullcontext(file)
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


def list_for_admins(user, using: str) -> None:
    """Tell the admins which papers a leaver leaves: those to be kept, and those that run out."""
    papers = (
        user.documents.using(using).current().filter(Q(kind__in=KEPT) | Q(expires_on__isnull=False))
    )
    if not papers:
        return
    facts = [(str(paper), Document.Kind(paper.kind).label, paper) for paper in papers]
    name, url = user.name, f"{address(Document, 'changelist')}?owner__id__exact={user.pk}"

    def message():
        text = nphrase(
            "%(name)s leaves %(count)d paper to look after",
            "%(name)s leaves %(count)d papers to look after",
            len(facts),
            name=name,
        )
        return str(text)

    def detail():
        rows = [(title, kind, _what_next(paper)) for title, kind, paper in facts]
        return format_html_join("", "<p>{} ({}): {}</p>", rows)

    notify_admins(message, detail=detail, url=url, using=using)


def _what_next(paper: Document) -> str:
    kept = [_("must be kept")] if paper.kind in KEPT else []
    if paper.expires_on:
        kept.append(_("valid until %(day)s") % {"day": date_format(paper.expires_on)})
    return ", ".join(kept)
