"""What papers and posts put into the sidebar and on the dashboard."""

from django.utils import timezone

from intranet import dashboard, sidebar
from intranet.wording import counted

from .models import Document, Post
from .papers import SOON
from .richtext import sanitise

POSTS_SHOWN = 10


def register() -> None:
    """Put the pages of this floor into the sidebar, its numbers and posts on the dashboard."""
    sidebar.add("Papers and posts", "Papers", "description", Document)
    sidebar.add("Papers and posts", "Posts", "campaign", Post)
    dashboard.add_quick_link("Upload a paper", "upload_file", Document)
    dashboard.add_quick_link("Write a post", "edit_note", Post)
    dashboard.add_card("Live posts", live_posts, Post)
    dashboard.add_card("Papers", papers, Document)
    dashboard.add_section("documents/dashboard_posts.html", posts_for)


def posts_for(user) -> dict:
    """Return the live `posts` meant for `user`, pinned first, each with its text as safe HTML."""
    posts = Post.objects.live().meant_for(user).select_related("author")[:POSTS_SHOWN]
    return {"posts": [(post, sanitise(post.body)) for post in posts]}


def live_posts(user) -> dict:
    visible = Post.objects.visible_to(user)
    scheduled = visible.scheduled().count()
    return {
        "value": visible.live().count(),
        "hint": f"{scheduled} scheduled" if scheduled else "",
        "query": "?status=live",
    }


def papers(user) -> dict:
    today = timezone.localdate()
    ending = Document.objects.filter(expires_on__range=(today, today + SOON)).count()
    hint = f"{counted(ending, 'runs', 'run')} out within {SOON.days} days" if ending else ""
    return {"value": Document.objects.count(), "hint": hint}
