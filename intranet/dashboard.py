"""The first page: a greeting, what can be done, cards of numbers and the live posts."""

from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from .models import Mail
from .sidebar import model_page
from .signals import dashboard_opened

QUICK_LINKS = [
    ("Add a person", "person_add", "staff.User"),
    ("Upload a paper", "upload_file", "documents.Document"),
    ("Write a post", "edit_note", "documents.Post"),
]


def dashboard(request, context: dict) -> dict:
    """Return Unfold's context for the index page with what all floors contribute to it."""
    contributions = [
        contribution
        for _, contribution in dashboard_opened.send_robust(sender=None, request=request)
        if isinstance(contribution, dict)
    ]
    context.update(
        title=f"{greeting()}, {request.user.first_name or request.user.get_username()}",
        cards=own_cards(request) + collected(contributions, "cards"),
        posts=collected(contributions, "posts"),
        quick_links=quick_links(request),
    )
    return context


def collected(contributions: list[dict], key: str) -> list:
    return [thing for contribution in contributions for thing in contribution.get(key, ())]


def greeting() -> str:
    hour = timezone.localtime().hour
    if 4 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


def quick_links(request) -> list[dict]:
    """Return the pages on which the user may add something."""
    return [
        {
            "title": title,
            "icon": icon,
            "url": reverse(f"admin:{opts.app_label}_{opts.model_name}_add"),
        }
        for title, icon, label in QUICK_LINKS
        for opts in [apps.get_model(label)._meta]
        if opts.model in admin.site._registry
        and admin.site.get_model_admin(opts.model).has_add_permission(request)
    ]


def own_cards(request) -> list[dict]:
    """Return the cards of the ground floor: unread notices and the state of the outbox."""
    cards = []
    if notices := model_page(request, "Unread notices", "", "intranet.Notice"):
        cards.append(notices_card(request.user, notices["link"]))
    if outbox := model_page(request, "Mails waiting", "", "intranet.Mail"):
        cards.append(outbox_card(outbox["link"]))
    return cards


def notices_card(user, url: str) -> dict:
    unread = user.notices.unread().count()
    return {"title": "Unread notices", "value": unread, "url": url, "hint": "What happened here"}


def outbox_card(url: str) -> dict:
    waiting = Mail.objects.filter(status__in=[Mail.Status.QUEUED, Mail.Status.SENDING]).count()
    failed = Mail.objects.filter(status=Mail.Status.FAILED).count()
    return {
        "title": "Mails waiting",
        "value": waiting,
        "url": url,
        "hint": f"{failed} failed" if failed else "None failed",
        "alert": bool(failed),
    }
