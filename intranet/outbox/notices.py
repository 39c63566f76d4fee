"""Telling the admins what happened: a log line, a notice in the admin and a mail for each."""

import logging
from collections.abc import Iterable
from functools import partial

import nh3
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import DEFAULT_DB_ALIAS, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from ..trace.action import actor_name, current_actor
from ..trace.effects import Effect
from . import mail
from .links import site_url
from .models import Notice
from .plaintext import plain_text

logger = logging.getLogger(__name__)
admin_notices = Effect("admin notices")

MAX_MESSAGE = Notice._meta.get_field("message").max_length or 0


def notify_admins(
    message: str,
    *,
    detail: str = "",
    url: str = "",
    also: Iterable[AbstractUser] = (),
    using: str = DEFAULT_DB_ALIAS,
) -> None:
    """Write one notice and one mail for every admin, in the caller's transaction.

    `also` names active people who are told just as well, once, whether or not they are admins.

    `message` is one plain sentence; one that is too long for the notice is given in full at the
    top of `detail`, which is HTML and gets sanitised here. `url` is a path of this site.
    """
    if admin_notices.is_paused:
        return
    message = " ".join(message.split())
    note = partial(logger.info, "%s (by %s)", message, actor_name())
    transaction.on_commit(note, using=using, robust=True)
    if len(message) > MAX_MESSAGE:
        detail = format_html("<p>{}</p>", message) + detail
        message = Truncator(message).chars(MAX_MESSAGE)
    admins = get_user_model().objects.admins().using(using)
    admins = list({person.pk: person for person in [*admins, *also] if person.is_active}.values())
    notice = {"message": message, "detail": nh3.clean(detail), "url": url}
    mailed_at = timezone.now() if _mail(admins, notice, using) else None
    actor_id = _actor_id(using)
    Notice.objects.using(using).bulk_create(
        Notice(recipient=admin, actor_id=actor_id, mailed_at=mailed_at, **notice)
        for admin in admins
    )


def _mail(admins: list[AbstractUser], notice: dict[str, str], using: str) -> bool:
    """Mail the notice to all admins; return whether every mail was taken."""
    context = {
        "message": notice["message"],
        "detail": notice["detail"],
        "detail_text": plain_text(notice["detail"]),
        "actor": actor_name(),
        "url": site_url(notice["url"] or reverse("admin:intranet_notice_changelist")),
    }
    messages = [mail.compose("notice", [admin.email], context, using) for admin in admins]
    return mail.send(messages, using) == len(messages)


def _actor_id(using: str) -> int | None:
    """Return the actor's key unless their row went in this very deletion."""
    actor = current_actor()
    rows = get_user_model().objects.using(using)
    return rows.filter(pk=actor.pk).values_list("pk", flat=True).first() if actor else None
