"""The sidebar: pages grouped by job, each only for whoever may open it."""

from contextlib import suppress
from functools import cache, lru_cache

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest
from django.urls import (
    Resolver404,
    ResolverMatch,
    get_script_prefix,
    get_urlconf,
    resolve,
    reverse,
)
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop

HOME, SYSTEM = "", gettext_noop("System")  # the first section and the last

_sections: dict[str, list[tuple]] = {HOME: [], SYSTEM: []}


def add(section: str, title: str, icon: str, model, counted=None) -> None:
    """Put the list of `model` into a section; `counted(user)` returns the rows of its badge.

    The section is named by a text that is marked for translation, and translated when it is shown.

    Each floor adds its own pages when it is ready; this one names none of those above.
    """
    _sections.setdefault(section, []).append((title, icon, model, counted))


def navigation(request) -> list[dict]:
    """Return Unfold's navigation for the signed-in user; sections left empty are not drawn."""
    shown = [
        (section, title, icon, url, counted)
        for section, pages in _sections.items()
        for title, icon, model, counted in pages
        if (url := list_url(request, model))
    ]
    counts = numbers({url: counted(request.user) for *_, url, counted in shown if counted})
    items = {section: [] for section in _sections}
    for section, title, icon, url, _counted in shown:
        badge = number_format(counts[url]) if counts.get(url) else ""
        items[section].append(link(title, icon, url, badge))
    items[HOME].insert(0, link(gettext("Dashboard"), "home", reverse("admin:index")))
    if request.user.has_perm("intranet.receive_notices"):
        items[SYSTEM].append(link(gettext("What happens by itself"), "bolt", reverse("receivers")))
        items[SYSTEM].append(link(gettext("Doctor"), "stethoscope", reverse("doctor")))
    in_order = sorted(items, key=SYSTEM.__eq__)
    return [{"title": gettext(section), "items": items[section]} for section in in_order]


def numbers(counted: dict[str, QuerySet]) -> dict[str, int]:
    """Return how many rows there are of several kinds, by one query."""
    each = [
        rows.order_by().annotate(at=Value(url)).values_list("at").annotate(Count("pk"))
        for url, rows in counted.items()
    ]
    return dict(each[0].union(*each[1:], all=True)) if each else {}


def title_at(url: str) -> str:
    """Return what the sidebar calls the list at an address; empty when it has none there."""
    pages = [page for section in _sections.values() for page in section]
    return next((title for title, _, model, _ in pages if address(model, "changelist") == url), "")


def link(title: str, icon: str, url: str, badge: str = "") -> dict:
    return {"title": title, "icon": icon, "link": url, "badge": badge}


def list_url(request, model) -> str:
    """Return the address of a model's list; empty when there is none or the user may not see it."""
    if not admin.site.is_registered(model):
        return ""
    if not admin.site.get_model_admin(model).has_view_or_change_permission(request):
        return ""
    return address(model, "changelist")


def may_open(user, url: str) -> bool:
    """Return whether somebody may open an app's page, a list, or the pages of its rows."""
    request = HttpRequest()
    request.user = user
    path = url.partition("?")[0].removeprefix(get_script_prefix())
    page = page_at(f"/{path}", get_urlconf() or settings.ROOT_URLCONF)
    if not page:
        return False
    if label := page.kwargs.get("app_label"):
        pages = [it for it in admin.site._registry.values() if it.opts.app_label == label]
        return any(
            it.has_module_permission(request) and any(it.get_model_perms(request).values())
            for it in pages
        )
    rows = getattr(page.func, "model_admin", None)
    return rows is None or rows.has_view_or_change_permission(request)


def address(model, page: str, *args) -> str:
    """Return the address of a model's admin page, such as "changelist"; of a row's with its key."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    if args:
        return reverse(name, args=args)
    return found(name, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())


@lru_cache(maxsize=1000)
def page_at(path: str, urlconf) -> ResolverMatch | None:
    with suppress(Resolver404):
        return resolve(path, urlconf)
    return None


@cache
def found(name: str, urlconf, prefix: str) -> str:
    """Return the address of a page; each page of the site asks for some fifty."""
    return reverse(name, urlconf)
