"""What papers and posts put on the dashboard."""

from django.urls import reverse
from django.utils import timezone

from .models import Document, Post
from .papers import SOON
from .richtext import sanitise

POSTS_SHOWN = 10


def contribution(request) -> dict:
    """Return the posts meant for the signed-in person and the cards they may see."""
    cards = []
    if request.user.has_perm("documents.view_post"):
        cards.append(posts_card(request.user))
    if request.user.has_perm("documents.view_document"):
        cards.append(papers_card())
    return {"posts": posts_for(request.user), "cards": cards}


def posts_for(user) -> list[dict]:
    """Return the live posts meant for `user`, pinned first, as plain dicts with safe HTML."""
    posts = Post.objects.live().meant_for(user).select_related("author")[:POSTS_SHOWN]
    may_view = user.has_perm("documents.view_post")
    return [
        {
            "title": post.title,
            "body": sanitise(post.body),
            "author": post.author.name if post.author else "",
            "publish_at": post.publish_at,
            "pinned": post.pinned,
            "url": reverse("admin:documents_post_change", args=[post.pk]) if may_view else "",
        }
        for post in posts
    ]


def posts_card(user) -> dict:
    visible = Post.objects.visible_to(user)
    scheduled = visible.scheduled().count()
    return {
        "title": "Live posts",
        "value": visible.live().count(),
        "url": reverse("admin:documents_post_changelist") + "?status=live",
        "hint": f"{scheduled} scheduled" if scheduled else "",
    }


def papers_card() -> dict:
    today = timezone.localdate()
    ending = Document.objects.filter(expires_on__range=(today, today + SOON))
    count = ending.count()
    return {
        "title": "Papers",
        "value": Document.objects.count(),
        "url": reverse("admin:documents_document_changelist"),
        "hint": f"{count} {'runs' if count == 1 else 'run'} out within {SOON.days} days"
        if count
        else "",
    }
