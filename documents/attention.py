"""What needs attention among papers and posts."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from intranet import attention

from .acknowledging import unfinished
from .models import Document, Post
from .papers import SOON


def papers():
    """Return the papers of those who have not left."""
    papers = Document.objects.current().select_related("owner")
    return papers.filter(owner__profile__departed_at=None)


def expired(user):
    return papers().filter(expires_on__lt=timezone.localdate())


def expiring(user):
    today = timezone.localdate()
    return papers().filter(expires_on__range=(today, today + SOON))


def posts_ending(user):
    """Return the live posts that end within a week, for those who could have them stay."""
    posts = Post.objects.ending()
    return posts if user.has_perm("documents.change_post") else posts.none()


def posts_unfinished(user):
    """Return the live posts that somebody has not acknowledged, for those who can remind them."""
    return unfinished() if user.has_perm("documents.change_post") else Post.objects.none()


def paper_of(paper: Document) -> str:
    return f"{paper.owner}: {paper}"


def register() -> None:
    """Name what needs attention on this floor."""
    attention.add(
        "expired_papers",
        _("Expired"),
        ngettext_lazy("%(count)d paper has expired", "%(count)d papers have expired", "count"),
        Document,
        expired,
        name=paper_of,
    )
    attention.add(
        "expiring_papers",
        _("Expires within 30 days"),
        ngettext_lazy(
            "%(count)d paper expires within 30 days",
            "%(count)d papers expire within 30 days",
            "count",
        ),
        Document,
        expiring,
        name=paper_of,
    )
    attention.add(
        "ending_posts",
        _("Ends within a week"),
        ngettext_lazy(
            "%(count)d post ends within a week", "%(count)d posts end within a week", "count"
        ),
        Post,
        posts_ending,
    )
    attention.add(
        "unfinished_posts",
        _("Not acknowledged by all"),
        ngettext_lazy(
            "%(count)d post is not acknowledged by all",
            "%(count)d posts are not acknowledged by all",
            "count",
        ),
        Post,
        posts_unfinished,
    )
