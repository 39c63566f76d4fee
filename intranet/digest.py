"""One mail a day at most to each admin: what needs attention and was not in an earlier one.

The day begins at DIGEST_HOUR. What was told is remembered as it was at the last look, so that
neither a missed day nor a second run loses or repeats anything.
"""

import logging
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from . import attention, troubles
from .languages import language_of, speaking
from .models import Digest
from .outbox.links import site_url
from .outbox.mail import queue
from .sidebar import address
from .trace.action import batched

logger = logging.getLogger(__name__)

SHOWN = 20  # rows of an item that are named


def mail_due() -> int:
    """Look for all admins who are due what is new, and mail it; return how many admins.

    One whose mail cannot be written is tried again and keeps no other back; Noted is raised.
    """
    now, count = timezone.localtime(), 0
    if settings.DIGEST_HOUR is None or now.hour < settings.DIGEST_HOUR:
        return 0
    while troubles.work_off("digest", waiting(now.date()), mail_news, explain):
        count += 1
    return count


def waiting(today: date) -> QuerySet:
    """Return the admins for whom nobody has looked today."""
    done = Digest.objects.filter(is_done(today), recipient=OuterRef("pk"))
    return get_user_model().objects.admins().filter(~Exists(done))


def is_done(today: date) -> Q:
    """Return the condition; a day far ahead was noted while the clock was wrong."""
    return Q(day__range=(today, today + timedelta(days=1)))


def mail_news(pk: int) -> bool:
    """Mail an admin what is new to them, if anything is; False when another worker did."""
    admin, today = get_user_model().objects.admins().filter(pk=pk).first(), timezone.localdate()
    if admin is None:
        return False
    due = {item: keys for item in attention.items() if (keys := keys_of(item, admin)) is not None}
    Digest.objects.get_or_create(recipient=admin)
    with batched():
        free = Digest.objects.select_for_update(skip_locked=True).exclude(is_done(today))
        digest = free.filter(recipient=admin).first()
        if digest is None:
            return False
        news = {item: new for item, keys in due.items() if (new := unknown(keys, digest, item))}
        if news:
            send(admin, news)
        digest.told |= {item.key: keys for item, keys in due.items()}
        digest.day = today
        digest.save()
    return True


def keys_of(item: attention.Item, admin) -> list | None:
    """Return the keys of the rows, none of what the admin may not see; None if that fails."""
    try:
        if item.is_told or not item.url(admin):
            return []
        return list(item.rows(admin).values_list("pk", flat=True))
    except Exception:
        logger.exception("What needs attention could not be read: %s", item.key)
        return None


def unknown(keys: list, digest: Digest, item: attention.Item) -> list:
    told = set(digest.told.get(item.key, []))
    return [key for key in keys if key not in told]


def send(admin, news: dict[attention.Item, list]) -> None:
    """Queue the mail with what is new; raises ValueError when it cannot be written."""
    language = language_of(admin)
    with speaking(language):
        parts = [part(item, keys, admin) for item, keys in news.items()]
        count = sum(map(len, news.values()))
        facts = {"parts": parts, "count": count, "url": site_url(reverse("admin:index"))}
        if not queue("digest", {admin.email: {"language": language}}, facts):
            raise ValueError(f"The digest for {admin.pk} cannot be written.")


def part(item: attention.Item, keys: list, admin) -> dict:
    """Return what the mail says of an item: how many rows are new, and which."""
    rows = item.rows(admin).in_bulk(keys[:SHOWN])
    return {
        "title": item.says(len(keys)),
        "url": site_url(item.url(admin)),
        "rows": [
            {"name": str(item.name(rows[key])), "url": site_url(address(item.model, "change", key))}
            for key in keys[:SHOWN]
            if key in rows
        ],
        "more": max(len(keys) - SHOWN, 0),
    }


def explain(pk: int, error: BaseException) -> dict:
    """Return what the admins are told when one of them could not be mailed."""
    name = str(get_user_model().objects.get(pk=pk))
    return {
        "message": lambda: _("%(name)s could not be told what needs attention") % {"name": name},
        "says": lambda: _("The first page of the site shows it."),
        "url": reverse("admin:index"),
    }
