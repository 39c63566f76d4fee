"""What follows when posts, or the departments they are for, are deleted.

Facts about posts are kept before the rows go; one notice tells the admins after.
"""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.text import Truncator, capfirst

from intranet.outbox.notices import notify_admins
from intranet.trace.action import actor_name
from intranet.trace.origin import chosen_keys, remember, remembered, started_on
from intranet.vetoes import Veto
from intranet.wording import counted
from staff.models import Department, User

from .models import Post
from .richtext import sanitise

TITLES_SHOWN = 3


def keep_facts(post: Post, origin, using: str) -> None:
    """Remember all about a post that is going, until `tell_admins` is called for its deletion."""
    if not remembered(origin, "posts"):
        scope = posts_within_reach(origin, using)
        facts = authors(scope, using), audiences(scope, using)
        remember(origin, "surroundings", None, facts, using)
    names, departments = remembered(origin, "surroundings")[None]
    facts = {
        "title": post.title,
        "author": names.get(post.author_id, "nobody"),
        "window": window(post),
        "audience": ", ".join(departments.get(post.pk, ["everybody"])),
        "body": sanitise(post.body),
    }
    remember(origin, "posts", post.pk, facts, using)


def posts_within_reach(origin, using: str) -> QuerySet:
    """Return the posts a deletion can hold: the chosen ones; any, when a cascade reaches them."""
    posts = Post.objects.using(using).order_by()
    return posts.filter(pk__in=chosen_keys(origin, using)) if started_on(origin, Post) else posts


def authors(posts: QuerySet, using: str) -> dict[int, str]:
    people = User.objects.using(using).filter(pk__in=posts.values("author"))
    return {person.pk: person.name for person in people}


def audiences(posts: QuerySet, using: str) -> dict[int, list[str]]:
    rows = Post.audience.through.objects.using(using).filter(post__in=posts.values("pk"))
    departments: dict[int, list[str]] = {}
    for pk, name in rows.order_by("department__name").values_list("post", "department__name"):
        departments.setdefault(pk, []).append(name)
    return departments


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
    start, end = (
        moment and date_format(timezone.localtime(moment), "DATETIME_FORMAT")
        for moment in (post.publish_at, post.expires_at)
    )
    return f"from {start} to {end}" if end else f"from {start}"


def tell_admins(posts: list[dict], using: str) -> None:
    """Send one notice to each admin about one deletion, with all that was in the posts."""
    detail = format_html_join(
        "\n",
        "<h3>{title}</h3><p>By {author}, {window}, for {audience}</p><div>{body}</div>",
        posts,
    )
    notify_admins(summary(posts), detail=detail, using=using)


def summary(posts: list[dict]) -> str:
    """Return the sentence: who deleted which post, or how many and the first titles."""
    who = capfirst(Truncator(actor_name()).chars(60))
    if len(posts) == 1:
        return f"{who} deleted the post “{Truncator(posts[0]['title']).chars(150)}”"
    shown = [f"“{Truncator(post['title']).chars(40)}”" for post in posts[:TITLES_SHOWN]]
    more = len(posts) - len(shown)
    titles = ", ".join(shown) + (f" and {more} more" if more else "")
    return f"{who} deleted {len(posts)} posts: {titles}"


def announcement(count: int) -> str:
    """Return the sentence for the deletion page: who will be told, and how."""
    admins = User.objects.admins().count()
    return (
        f"{counted(admins, 'admin')} will be told, by notice and by mail. The notice "
        f"keeps the full text of {'the post' if count == 1 else f'all {count} posts'}."
    )
