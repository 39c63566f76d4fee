"""Mailing a post to its audience, once, when it goes live."""

from collections.abc import Iterable

from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from intranet import troubles
from intranet.languages import speaking
from intranet.outbox.links import site_url
from intranet.outbox.mail import queue
from intranet.outbox.models import Mail
from intranet.outbox.plaintext import plain_text
from intranet.tasks import mailing
from intranet.tasks.models import Work
from intranet.trace.action import batched
from intranet.trace.changes import note
from intranet.trace.effects import Effect
from intranet.trace.models import Change
from staff.models import Department, User

from .models import Post
from .richtext import sanitise

post_mail = Effect("post mail")
POST, TRIAL, REMINDER = "post", "post_test", "post_reminder"  # templates of mails about posts


def recipients(post: Post) -> QuerySet[User]:
    """Return who gets the mail about a post."""
    return addressed(post.audience.all())


def addressed(audience: Iterable[Department], among: QuerySet | None = None) -> QuerySet[User]:
    """Return the active people with an address in an audience; without one, all of them."""
    people = (User.objects if among is None else among).active().exclude(email="")
    departments = {it.pk for it in audience}
    return people.filter(profile__department__in=departments) if departments else people


def mail_next_post() -> int:
    """Queue the mails of one live post that wants them; return how many posts that were.

    A post whose mail cannot be written is tried again and keeps no other back; Noted is raised.
    """
    return troubles.work_off("post", Post.objects.due_for_mail(), mail_post, explain)


def explain(pk: int, error: BaseException) -> dict:
    """Return what the admins are told when a post could not be mailed."""
    words = {"post": Post.objects.get(pk=pk).title}
    return {
        "message": lambda: _("The post “%(post)s” could not be mailed") % words,
        "says": lambda: _("Nobody has got it by mail so far."),
        "url": reverse("admin:documents_post_change", args=[pk]),
    }


def mail_post(pk: int) -> bool:
    """Queue one message for each person a post is meant for; False if it was mailed meanwhile."""
    with batched():
        post = Post.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if post is None or not claim(post):
            return False
        people = recipients(post)
        if not mail(POST, post, people) and people.exists():
            raise ValueError(f"The mail about post {pk} cannot be written.")
    return True


def mail_if_live(post: Post) -> bool:
    """Queue the mails of a post at once, so that whoever publishes it is shown them before.

    Those that cannot be written are left to the worker.
    """
    try:
        return not post_mail.is_paused and mail_post(post.pk)
    except Exception as error:
        troubles.note("post", post.pk, error, explain)
        return False


def claim(post: Post) -> bool:
    """Note that the post is mailed; False when another worker was faster."""
    now = timezone.now()
    if not Post.objects.due_for_mail().filter(pk=post.pk).update(mailed_at=now):
        return False
    post.mailed_at = now
    note(post, "mailed_at", None, DEFAULT_DB_ALIAS)
    return True


def followed(post: Post) -> Work | None:
    """Return the work that is the mails of a post, where they are many and not long ago."""
    of_posts = ContentType.objects.get_for_model(Post)
    changes = Change.objects.filter(content_type=of_posts, object_key=str(post.pk))
    mailed = changes.filter(values__has_key="mailed_at").order_by("-pk")
    actions = list(mailed.values_list("action", flat=True)[:1])
    return Work.objects.filter(action__in=actions, mails__gt=0).first()


def restore_mailed_at(post: Post, using: str) -> None:
    """Give `post`, which may be an older copy, the time its row was mailed; locks the row."""
    row = Post.objects.using(using).select_for_update().filter(pk=post.pk)
    post.mailed_at = row.order_by().values_list("mailed_at", flat=True).first()


def mail(template: str, post: Post, people: QuerySet[User]) -> list:
    """Queue one message about a post for each of `people`, in their language."""
    readers = list(people.values_list("email", "language"))
    own = {it: {"language": it, "byline": byline(post, it)} for it in {it for _, it in readers}}
    to = {email: own[it] for email, it in readers}
    priority = Mail.Priority.AWAITED if template == TRIAL else Mail.Priority.POST
    rows = queue(template, to, facts(post), priority=priority)
    mailing.follow(post.title, post.author)
    return rows


def facts(post: Post) -> dict:
    """Return what the mail about a post says, which is new and has no page maybe."""
    body, page = sanitise(post.body), ["change", post.pk] if post.pk else ["changelist"]
    said = {
        "title": post.title,
        "body": body,
        "text": plain_text(body),
        "address": site_url(reverse(f"admin:documents_post_{page[0]}", args=page[1:])),
    }
    if post.asks_acknowledgement:  # the number as it stands in addresses: see Mail.told
        said |= {"acknowledges": f"/{post.pk}/", "late": {"url": "acknowledgement"}}
    return said


def byline(post: Post, language: str) -> str:
    """Return whose post it is and of which day, in the language of a reader."""
    with speaking(language):
        day = date_format(timezone.localtime(post.publish_at), "DATE_FORMAT")
    return f"{post.author.name}, {day}" if post.author else day
