"""Renewing papers: the old one stays as a former version, with its own file and dates.

A former version is a row like any other that names, in `replaced_by`, the paper that counts now.
Files never move between rows, so that whoever cleans up files need not know of it.
"""

from django.db.models import Q, QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from intranet.trace.action import batched, collect
from intranet.trace.changes import names_of, update
from intranet.trace.telling import Line, Section
from intranet.vetoes import Veto

from .models import Document

CARRIED_ON = ("owner_id", "kind", "title", "file", "expires_on")  # by a new version


def next_version(paper: Document) -> Document:
    """Return a new paper with what was entered for an old one, not saved yet."""
    return Document(**{name: getattr(paper, name) for name in CARRIED_ON})


def renew(pk: int, new: Document) -> Document:
    """Save `new` in the place of the paper `pk`, which becomes a former version as it was.

    Raises Veto when that is one already, or is gone.
    """
    with batched():
        old = Document.objects.select_for_update().filter(pk=pk).first()
        if old is None or old.replaced_by_id:
            raise Veto(_("Somebody replaced or deleted this paper meanwhile. Nothing was saved."))
        new.save()
        versions = Document.objects.filter(Q(pk=pk) | Q(replaced_by=pk))
        update(versions, replaced_by=new, owner=new.owner)
        collect("sections", [Section(_("Kept"), [Line(_kept(old))])])
        collect("reasons", [_("the old paper becomes a former version")])
    return new


def _kept(paper: Document) -> str:
    return _("“%(paper)s” as a former version, with its file %(file)s (%(size)s)") % {
        "paper": paper,
        "file": paper.original_name,
        "size": filesizeformat(paper.size),
    }


def step_back(papers: QuerySet[Document]) -> None:
    """Let the newest former version of each paper take its place, before the papers go."""
    chosen = papers.order_by().values("pk")
    former = Document.objects.using(papers.db).filter(replaced_by__in=chosen)
    former = former.exclude(pk__in=chosen).order_by("pk")
    families: dict[int, list[int]] = {}
    for paper, version in former.values_list("replaced_by", "pk"):
        families.setdefault(paper, []).append(version)
    rows = Document.objects.using(papers.db)
    with batched(papers.db):
        names_of(Document, [*families], papers.db)  # all at once
        for *older, newest in families.values():
            if older:
                update(rows.filter(pk__in=older), replaced_by=rows.get(pk=newest))
        update(rows.filter(pk__in=[it[-1] for it in families.values()]), replaced_by=None)


def keep_together(paper: Document, using: str) -> None:
    """Have the former versions of a paper belong to whom it belongs to."""
    former = Document.objects.using(using).filter(replaced_by=paper)
    update(former.exclude(owner=paper.owner_id), owner=paper.owner)
