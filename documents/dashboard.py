"""What papers and posts put into the sidebar and on the dashboard."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from intranet import dashboard, sidebar
from intranet.trace.phrases import nphrase

from . import attention
from .acknowledging import answers, awaiting
from .models import Document, Post, Requirement
from .richtext import sanitise

POSTS_SHOWN = 10


def register() -> None:
    """Put the pages of this floor into the sidebar, its numbers and posts on the dashboard."""
    section = gettext_noop("Papers and posts")
    sidebar.add(section, _("Papers"), "description", Document)
    sidebar.add(section, _("Required papers"), "fact_check", Requirement)
    sidebar.add(section, _("Posts"), "campaign", Post)
    dashboard.add_quick_link(_("Upload a paper"), "upload_file", Document)
    dashboard.add_quick_link(_("Write a post"), "edit_note", Post)
    dashboard.add_card(_("Live posts"), live_posts, Post)
    dashboard.add_card(_("Papers"), papers, Document)
    attention.register()
    dashboard.add_section("documents/dashboard_posts.html", posts_for)


def posts_for(user) -> dict:
    """Return the live `posts` meant for `user`, each with its text as safe HTML.

    First come those that wait to be acknowledged, then those that are pinned.
    """
    posts = awaiting(Post.objects.live().meant_for(user).select_related("author"), user)
    posts = list(posts.order_by("-waits", *Post._meta.ordering)[:POSTS_SHOWN])
    answers(posts, user)
    return {"posts": [(post, sanitise(post.body)) for post in posts]}


def live_posts(user) -> dict:
    visible = Post.objects.visible_to(user)
    scheduled = visible.scheduled().count()
    hint = nphrase("%(count)d scheduled", "%(count)d scheduled", scheduled)
    return {
        "value": visible.live().count(),
        "hint": str(hint) if scheduled else "",
        "query": "?status=live",
    }


def papers(user) -> dict:
    return {"value": Document.objects.current().count()}
