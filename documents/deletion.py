"""What follows when posts, or the departments they are for, are deleted.

Facts about posts are kept before the rows go; one notice tells the admins after, one the author.
"""

from collections import defaultdict
from functools import partial

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from intranet.outbox.notices import notify_admins
from intranet.trace.action import actor_name, current_actor
from intranet.trace.origin import chosen_keys, remember, remembered, started_on
from intranet.trace.phrases import nphrase
from intranet.trace.telling import and_more
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
        why = _(
            "The post “%(post)s” is for %(department)s alone: without it, everybody would see it. "
            "End the post, delete it or choose another audience first."
        )
        raise Veto(why % {"post": title, "department": department})


def window(post: Post) -> str:
    """Return when a post is shown, such as "from 3 May 2030, 09:00"."""
    moments = [post.publish_at, post.expires_at or post.publish_at]
    start, end = (date_format(timezone.localtime(it), "DATETIME_FORMAT") for it in moments)
    text = _("from %(start)s to %(end)s") if post.expires_at else _("from %(start)s")
    return text % {"start": start, "end": end}


def tell_admins(posts: list[Post], using: str) -> None:
    """Send one notice to each admin about one deletion, with all that was in the posts."""
    notify_admins(partial(who_deleted, posts), detail=partial(in_full, posts), using=using)


def tell_authors(posts: list[Post], using: str) -> None:
    """Send one notice about their own posts to each author who did not delete them themselves."""
    by_author = defaultdict(list)
    for post in posts:
        if post.author and post.author != current_actor():
            by_author[post.author].append(post)
    for author, own in by_author.items():
        notify_admins(
            partial(who_deleted, own),
            detail=partial(in_full, own),
            url=reverse("admin:documents_post_changelist"),
            also=[author],
            to_admins=False,
            using=using,
        )


def in_full(posts: list[Post]) -> str:
    rows = ((post.title, _byline(post), sanitise(post.body)) for post in posts)
    return format_html_join("\n", "<h3>{}</h3><p>{}</p><div>{}</div>", rows)


def _byline(post: Post) -> str:
    return _("By %(author)s, %(window)s, for %(audience)s") % {
        "author": post.author.name if post.author else _("nobody"),
        "window": window(post),
        "audience": post.audience_text,
    }


def who_deleted(posts: list[Post]) -> str:
    """Return the sentence: who deleted which post, or how many and the first titles."""
    who = Truncator(actor_name()).chars(60)
    if len(posts) == 1:
        text = _("%(actor)s deleted the post “%(post)s”")
        title = Truncator(posts[0].title).chars(150)
        return capfirst(text % {"actor": who, "post": title})
    shown = [Truncator(post.title).chars(40) for post in posts[:TITLES_SHOWN]]
    titles = [_("“%(text)s”") % {"text": title} for title in shown]
    if more := len(posts) - len(titles):
        titles.append(and_more(more))
    text = nphrase(
        "%(actor)s deleted %(count)d post: %(titles)s",
        "%(actor)s deleted %(count)d posts: %(titles)s",
        len(posts),
        actor=who,
        titles=", ".join(titles),
    )
    return capfirst(str(text))
