"""What follows when posts, or the departments they are for, are deleted.

Facts about posts are kept before the rows go; one notice tells the admins after.
"""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.text import Truncator, capfirst

from intranet.outbox.notices import notify_admins
from intranet.trace.action import actor_name
from intranet.trace.origin import chosen_keys, remember, remembered, started_on
from intranet.vetoes import Veto
from staff.models import Department

from .models import Post
from .richtext import sanitise

TITLES_SHOWN = 3


def remember_deleted(post: Post, origin, using: str) -> None:
    """Remember a post that is going, with author and audience, until its deletion is told.

    The first one reads all that a deletion can hold: those chosen; any, when a cascade takes it.
    """
    if not remembered(origin, "posts_there"):
        posts = Post.objects.using(using).select_related("author").prefetch_related("audience")
        if started_on(origin, Post):
            posts = posts.filter(pk__in=chosen_keys(origin, using))
        for known in posts:
            remember(origin, "posts_there", known.pk, known, using)
    known = remembered(origin, "posts_there").get(post.pk, post)
    remember(origin, "posts", post.pk, known, using)


def refuse_to_widen(department: Department, origin, using: str) -> None:
    """Raise Veto when a post would be left with no audience, which means everybody."""
    others = Department.objects.using(using).exclude(pk__in=chosen_keys(origin, using))
    posts = Post.objects.using(using).not_ended().filter(audience=department)
    if post := posts.exclude(audience__in=others).first():
        title = Truncator(post.title).chars(80)
        raise Veto(
            f"The post “{title}” is for {department} alone: without it, everybody would see it. "
            "End the post, delete it or choose another audience first."
        )


def window(post: Post) -> str:
    """Return when a post is shown, such as "from 3 May 2030, 9 a.m."."""
    moments = filter(None, [post.publish_at, post.expires_at])
    shown = [date_format(timezone.localtime(moment), "DATETIME_FORMAT") for moment in moments]
    return f"from {' to '.join(shown)}"


def tell_admins(posts: list[Post], using: str) -> None:
    """Send one notice to each admin about one deletion, with all that was in the posts."""
    rows = [
        {
            "title": post.title,
            "author": post.author.name if post.author else "nobody",
            "window": window(post),
            "audience": post.audience_text,
            "body": sanitise(post.body),
        }
        for post in posts
    ]
    text = "<h3>{title}</h3><p>By {author}, {window}, for {audience}</p><div>{body}</div>"
    notify_admins(who_deleted(posts), detail=format_html_join("\n", text, rows), using=using)


def who_deleted(posts: list[Post]) -> str:
    """Return the sentence: who deleted which post, or how many and the first titles."""
    who = capfirst(Truncator(actor_name()).chars(60))
    if len(posts) == 1:
        return f"{who} deleted the post “{Truncator(posts[0].title).chars(150)}”"
    titles = ", ".join(f"“{Truncator(post.title).chars(40)}”" for post in posts[:TITLES_SHOWN])
    more = f" and {len(posts) - TITLES_SHOWN} more" if len(posts) > TITLES_SHOWN else ""
    return f"{who} deleted {len(posts)} posts: {titles}{more}"
