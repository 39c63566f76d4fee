"""Who gets a post by mail, and when, and how many have acknowledged it, in words."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from intranet.trace.phrases import nphrase

from ..acknowledging import numbers
from ..models import Post


def reach(count: int, is_mailed: bool) -> str:
    """Return the sentence that says how many get a mail, for what is ticked in the form."""
    if is_mailed:
        says = nphrase(
            "%(count)d person will get this mail.", "%(count)d people will get this mail.", count
        )
    else:
        says = nphrase(
            "The post is for %(count)d person; nobody is mailed.",
            "The post is for %(count)d people; nobody is mailed.",
            count,
        )
    return str(says)


def mail_plan(post: Post, count: int) -> str:
    """Return the sentence that says how many get a post by mail, and when."""
    if post.mailed_at:
        when = shown_time(post.mailed_at)
        return _("The post was mailed on %(when)s and is not mailed again.") % {"when": when}
    if post.status == "ended":
        return _("The time of the post is over, so it is not mailed.")
    if post.status == "live":
        says = nphrase(
            "%(count)d person will get this mail within a minute.",
            "%(count)d people will get this mail within a minute.",
            count,
        )
    else:
        says = nphrase(
            "%(count)d person will get this mail when the post goes live on %(when)s.",
            "%(count)d people will get this mail when the post goes live on %(when)s.",
            count,
            when=shown_time(post.publish_at),
        )
    return str(says)


def shown_time(moment) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def acknowledged(post: Post, count: dict[str, int] | None = None) -> str:
    """Return how many of how many have acknowledged a post, and how many an earlier text."""
    count = count or numbers(post)
    says = nphrase(
        "%(done)d of %(asked)d person has acknowledged it.",
        "%(done)d of %(asked)d people have acknowledged it.",
        count["asked"],
        **count,
    )
    earlier = nphrase(
        "%(earlier)d of them acknowledged an earlier text.",
        "%(earlier)d of them acknowledged an earlier text.",
        count["earlier"],
        **count,
    )
    return f"{says} {earlier}" if count["earlier"] else str(says)
