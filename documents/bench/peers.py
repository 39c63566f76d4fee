"""The stock admin and plain Unfold, over the same models, with their own templates."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import unfold
from django.conf import settings
from django.contrib import admin
from django.db.models import BinaryField, FileField, JSONField, TextField
from django.forms.renderers import get_default_renderer
from django.template import Engine, engines
from django.template.utils import EngineHandler
from django.test import override_settings
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.sites import UnfoldAdminSite

from staff.models import User

BY_TEMPLATES = "django.forms.renderers.TemplatesSetting"
UNSHOWN = BinaryField | FileField | JSONField | TextField
OF_PEOPLE = ["username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login"]

stock = admin.AdminSite(name="stock")
plain = UnfoldAdminSite(name="unfold")


def register() -> None:
    """Give both what a newcomer would write: columns, filters, words to search in."""
    for model in admin.site._registry:
        names = [it.name for it in model._meta.concrete_fields if not isinstance(it, UNSHOWN)]
        options = {"list_display": names[:7], "list_per_page": 50}
        if issubclass(model, User):
            searched = {"search_fields": OF_PEOPLE[:4], "ordering": ["username"]}
            filtered = {"list_filter": ["is_staff", "is_active", "groups"]}
            options |= {"list_display": OF_PEOPLE, **searched, **filtered}
        stock.register(model, admin.ModelAdmin, **options)
        plain.register(model, UnfoldModelAdmin, **options)


def templates_of(*modules) -> EngineHandler:
    """Return what renders with their templates, not those by which the intranet replaces them."""
    found = [path for it in modules for path in Path(it.__file__).parent.rglob("templates")]
    engine = settings.TEMPLATES[0] | {"DIRS": found, "APP_DIRS": False}
    return EngineHandler([engine])


@contextmanager
def at(site: str) -> Iterator[None]:
    """Be that admin; what was compiled stays, as it does on a site."""
    kept = vars(engines).copy()
    renew(vars(SITES[site]))
    try:
        with override_settings(UNFOLD={}, FORM_RENDERER=BY_TEMPLATES):
            yield
    finally:
        renew(kept)


def renew(values: dict) -> None:
    vars(engines).clear()
    vars(engines).update(values)
    Engine.get_default.cache_clear()
    get_default_renderer.cache_clear()


SITES = {"stock": templates_of(django), "Unfold": templates_of(unfold, django)}
register()
