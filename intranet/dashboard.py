"""The first page: a greeting, what can be done, cards of numbers, and what else each floor shows.

Each floor adds its own parts when it is ready; this one names none of those above.
"""

import logging
from functools import partial

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import attention, sidebar
from .files.models import FileFault, FileRemoval
from .numbers import newest_action, recent
from .outbox.models import Mail, Notice
from .tasks.models import Work
from .trace.models import Action

WORK_SHOWN = 10

logger = logging.getLogger(__name__)

_quick_links: list[tuple] = []
_cards: list[tuple] = []
_sections: list[tuple] = []


def add_quick_link(title: str, icon: str, model) -> None:
    """Offer the page that adds a row of `model` to those who may."""
    _quick_links.append((title, icon, model))


def add_card(title: str, numbers, *models) -> None:
    """Show a card to those who may open the list of one of `models`; it leads to the first such.

    `numbers(user)` returns its "value" and "hint"; "query" is added to the address, so that the
    list shows what was counted.
    """
    _cards.append((title, numbers, models))


def add_section(template: str, content) -> None:
    """Draw `template` below the cards, for everybody, with what `content(user)` returns."""
    _sections.append((template, content))


def dashboard(request, context: dict) -> dict:
    """Return Unfold's context for the index page with what all floors contribute to it."""
    name = request.user.first_name or request.user.get_username()
    as_of = newest_action()
    sections = [(template, tried(content, request.user)) for template, content in _sections]
    for _template, shown in sections:
        context.update(shown)
    context.update(
        title=gettext("Welcome, %(name)s") % {"name": name},
        quick_links=quick_links(request),
        cards=cards(request, as_of),
        **attention.needed(request.user, as_of),
        sections=[template for template, shown in sections if shown],
    )
    return context


def quick_links(request) -> list[dict]:
    return [
        {"title": title, "icon": icon, "url": sidebar.address(model, "add")}
        for title, icon, model in _quick_links
        if admin.site.get_model_admin(model).has_add_permission(request)
    ]


def cards(request, as_of=None) -> list[dict]:
    shown = []
    for title, numbers, models in _cards:
        urls = [url for model in models if (url := sidebar.list_url(request, model))]
        count = partial(recent, numbers, as_of, count=numbers)
        if urls and (card := tried(count, request.user)):
            url = urls[0] + card.get("query", "")
            shown.append({**card, "title": title, "url": url})
    return shown


def tried(part, user) -> dict:
    """Return what a part of the page shows; nothing when it fails, so that the others are there."""
    try:
        return part(user)
    except Exception:
        logger.exception("A part of the dashboard failed")
        return {}


def register() -> None:
    """Put the pages of this floor into the sidebar and its numbers on the dashboard."""
    sidebar.add(sidebar.HOME, _("Notices"), "notifications", Notice, unread)
    sidebar.add(sidebar.SYSTEM, _("History"), "history", Action)
    sidebar.add(sidebar.SYSTEM, _("Work"), "pending_actions", Work, Work.objects.unseen)
    sidebar.add(sidebar.SYSTEM, _("Outbox"), "outgoing_mail", Mail)
    sidebar.add(sidebar.SYSTEM, _("File removals"), "auto_delete", FileRemoval)
    sidebar.add(sidebar.SYSTEM, _("Files out of order"), "rule", FileFault)
    add_card(_("Unread notices"), unread_notices, Notice)
    add_card(_("Outbox"), waiting_mails, Mail)
    add_section("intranet/dashboard_work.html", own_work)
    attention.register()


def unread(user):
    return user.notices.unread()


def own_work(user) -> dict:
    """Return the `work` of theirs that is under way, and what the sidebar counts."""
    work = Work.objects.open().filter(person=user) | Work.objects.unseen(user)
    shown = [it for it in work.defer("request", "answer")[:WORK_SHOWN] if it.is_for(user)]
    return {"work": shown} if shown else {}


def unread_notices(user) -> dict:
    return {
        "value": unread(user).count(),
        "hint": _("What happened here"),
        "query": "?read=no",
    }


def waiting_mails(user) -> dict:
    unsent = [Mail.Status.QUEUED, Mail.Status.SENDING]
    waiting = Mail.objects.filter(status__in=unsent).count()
    query = "?" + "&".join(f"status__exact={status}" for status in unsent)
    return {"value": waiting, "hint": _("waiting"), "query": query}
