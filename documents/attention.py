"""What needs attention among papers and posts."""

from django.db import connections
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from intranet import attention
from intranet.trace.phrases import nphrase
from intranet.wording import labelled
from staff.attention import here
from staff.models import User

from .acknowledging import unfinished
from .models import Document, Post
from .papers import SOON
from .requirements import lacking


def papers():
    """Return the papers of those who have not left."""
    papers = Document.objects.current().select_related("owner")
    return papers.filter(owner__profile__departed_at=None)


def expired(user):
    return papers().filter(expires_on__lt=timezone.localdate())


def expiring(user):
    today = timezone.localdate()
    return papers().filter(expires_on__range=(today, today + SOON))


def no_cv(user):
    people, cvs = seen_by(user), Document.objects.current().filter(kind=Document.Kind.CV)
    if connections[people.db].vendor == "postgresql":  # it sorts what EXCEPT compares
        return people.exclude(Exists(cvs.filter(owner=OuterRef("pk"))))
    owners = cvs.order_by().values("owner")
    others = people.order_by().values("pk").difference(owners).order_by("pk")
    return User.objects.filter(pk__in=Subquery(others))  # both are read in order, side by side


def lack_papers(user):
    return lacking(seen_by(user))


def seen_by(user):
    """Return the people who are here, for those who may see what papers they have."""
    may_see = user.has_perm("documents.view_document")
    return here() if may_see else here().none()


def posts_ending(user):
    """Return the live posts that end within a week, for those who could have them stay."""
    posts = Post.objects.ending()
    return posts if user.has_perm("documents.change_post") else posts.none()


def posts_unfinished(user):
    """Return the live posts that somebody has not acknowledged, for those who can remind them."""
    return unfinished() if user.has_perm("documents.change_post") else Post.objects.none()


def paper_of(paper: Document) -> str:
    return labelled(paper.owner, paper)


def register() -> None:
    """Name what needs attention on this floor."""
    attention.add(
        "expired_papers",
        _("Expired"),
        nphrase("%(count)d paper has expired", "%(count)d papers have expired"),
        Document,
        expired,
        name=paper_of,
    )
    attention.add(
        "expiring_papers",
        _("Expires within 30 days"),
        nphrase("%(count)d paper expires within 30 days", "%(count)d papers expire within 30 days"),
        Document,
        expiring,
        name=paper_of,
    )
    attention.add(
        "required_papers",
        _("Lacks a required paper"),
        nphrase(
            "%(count)d person lacks a required paper", "%(count)d people lack a required paper"
        ),
        User,
        lack_papers,
    )
    attention.add(
        "no_cv",
        _("Without a CV"),
        nphrase("%(count)d person without a CV", "%(count)d people without a CV"),
        User,
        no_cv,
    )
    attention.add(
        "ending_posts",
        _("Ends within a week"),
        nphrase("%(count)d post ends within a week", "%(count)d posts end within a week"),
        Post,
        posts_ending,
    )
    attention.add(
        "unfinished_posts",
        _("Not acknowledged by all"),
        nphrase(
            "%(count)d post is not acknowledged by all",
            "%(count)d posts are not acknowledged by all",
        ),
        Post,
        posts_unfinished,
    )
