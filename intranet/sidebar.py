"""The sidebar: pages grouped by job, each only for whoever may open it."""

from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from .admin.notices import unread_badge

SECTIONS = {
    "People": [
        ("People", "group", "staff.User"),
        ("Directory", "contacts", "staff.Profile"),
        ("Departments", "apartment", "staff.Department"),
    ],
    "Papers and posts": [
        ("Papers", "description", "documents.Document"),
        ("Posts", "campaign", "documents.Post"),
    ],
    "System": [
        ("Outbox", "outgoing_mail", "intranet.Mail"),
        ("File removals", "auto_delete", "documents.FileRemoval"),
        ("Groups and rights", "key", "auth.Group"),
        ("Sign-ins", "login", "staff.SignIn"),
    ],
}


def navigation(request) -> list[dict]:
    """Return Unfold's navigation for the signed-in user; sections left empty are not drawn."""
    pages = {
        name: [model_page(request, *facts) for facts in items] for name, items in SECTIONS.items()
    }
    pages["System"].append(receivers_page(request))
    home = [link("Dashboard", "home", reverse("admin:index")), notices_page(request)]
    return [
        {"title": title, "items": list(filter(None, items))}
        for title, items in {"": home, **pages}.items()
    ]


def link(title: str, icon: str, url: str, badge: str = "") -> dict:
    return {"title": title, "icon": icon, "link": url, "badge": badge}


def model_page(request, title: str, icon: str, label: str) -> dict | None:
    """Return the link to a model's list, or None when it has none or the user may not see it."""
    model = apps.get_model(label)
    model_admin = admin.site._registry.get(model)
    if not model_admin or not model_admin.has_view_or_change_permission(request):
        return None
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return link(title, icon, url)


def notices_page(request) -> dict | None:
    entry = model_page(request, "Notices", "notifications", "intranet.Notice")
    if entry:
        entry["badge"] = unread_badge(request)
    return entry


def receivers_page(request) -> dict | None:
    if not request.user.has_perm("intranet.receive_notices"):
        return None
    return link("What happens by itself", "bolt", reverse("receivers"))
