"""Whatever the admin offers shows what it does, leaves no trace of showing it, and then does it.

What there is to try is read from the live admin: what is added later is tried as well.
"""

import hashlib
import re
from copy import deepcopy
from datetime import date, timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.test import RequestFactory, override_settings
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import jpeg_bytes, pdf_bytes
from intranet.models import FileRemoval, Mail
from intranet.tests.fixtures import PASSWORD_HASHERS
from intranet.tests.pages import sent
from intranet.trace import plan as plans
from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from staff import leaving

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.xdist_group("crawl")]
READS = {"download_zip"}  # actions that change nothing, so that there is nothing to show
TRIED = 6  # rows of each kind

ADMINS = {model._meta.label: it for model, it in admin.site._registry.items()}


class Skipped(Exception):
    """Nothing was shown, or nothing done, where something should."""


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """Fill the site once, with something of everything; return its media folder."""
    media = str(tmp_path_factory.mktemp("media"))
    own = {"MEDIA_ROOT": media, "EMAIL_BACKEND": "intranet.outbox.mail.OutboxBackend"}
    own |= {"PASSWORD_HASHERS": PASSWORD_HASHERS, "SITE_URL": "https://intranet.test"}
    with django_db_blocker.unblock(), override_settings(**own), transaction.atomic():
        call_command("demo", verbosity=0)
        root = get_user_model().objects.get(username="admin")
        for label in DELETE:
            with begin(root), batched():
                ADMINS[label].model.objects.exclude(pk=root.pk).order_by("-pk")[0].delete()
        idle = get_user_model().objects.filter(is_superuser=False).first()
        idle.is_active = False
        idle.save()
        leaving.plan(get_user_model().objects.active().last(), date.today() + timedelta(days=9))
        Mail.objects.update(status="failed")
        FileRemoval.objects.update(error="no", attempts=1)
        yield media
        transaction.set_rollback(True)


@pytest.fixture
def root(client, demo, settings):
    settings.MEDIA_ROOT = demo
    user = get_user_model().objects.get(username="admin")
    client.force_login(user)
    return user


@pytest.fixture
def asked_of(root):
    """Return a request of somebody who may do everything."""
    request = RequestFactory().get("/")
    request.user = root
    return request


@pytest.fixture(autouse=True)
def acts(monkeypatch):
    """Keep what the last plan was made of besides rows."""
    kept, plan_of = {}, plans.plan_of

    def spy(act, changes, using, refused):
        for kind in ("left", "sections", "said", "did", plans.CHOSEN):
            kept[kind] = act.collected(kind, using)
        return plan_of(act, changes, using, refused)

    monkeypatch.setattr(plans, "plan_of", spy)
    return kept


def state():
    """Return all that is stored, and what waits for the commit."""
    with connection.cursor() as cursor:
        tables = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{name}"')
            tables[name] = sorted(map(repr, cursor.fetchall()))
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}
    return tables, hashes, len(connection.run_on_commit), len(mail.outbox)


def rows_of(label, asked_of):
    return ADMINS[label].get_queryset(asked_of).order_by("pk")


def lists_of(label, asked_of):
    """Return the list of some rows, as it is opened and as its filters show it."""
    url = url_of(label, "changelist")
    filters = ADMINS[label].get_changelist_instance(asked_of).filter_specs
    own = [it for it in filters if isinstance(it, admin.SimpleListFilter)]
    chosen = [(it.parameter_name, it.lookup_choices) for it in own]
    return [url, *(f"{url}?{name}={value}" for name, choices in chosen for value, _ in choices)]


def url_of(label, page, *args):
    return reverse(f"admin:{label.lower().replace('.', '_')}_{page}", args=args)


# --- Asking and confirming -------------------------------------------------------------------


def try_out(client, url, data, acts, question):
    """Ask, compare, confirm, compare, and take it back; return whether anything was done."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        before = state()
        page, data = question(client, url, data)
        plan = (page.context or {}).get("plan")
        if plan is None:
            raise Skipped(f"shows no plan: {page.status_code} {wrong_with(page)}")
        assert state() == before, "showing it left something"
        assert not list(map(str, page.context["messages"])), "showing it said something"
        done = not plan.refused and confirm(client, url, data, page, plan, acts)
        transaction.set_rollback(True)
    client.cookies = cookies
    return done


def confirm(client, url, data, page, plan, acts):
    tables = state()[0]
    known = set(Action.objects.values_list("pk", flat=True))
    hidden = dict(re.findall(r'name="(_said|_keys)" value="([^"]+)"', page.content.decode()))
    data = {name: value for name, value in data.items() if name not in ("_ask", "_selected_action")}
    for files in data.values():
        if hasattr(files, "seek"):
            files.seek(0)
    answer = client.post(url, data | hidden | {"post": "yes"})
    if answer.status_code != 302:
        raise Skipped(f"is not done: {answer.context.get('new')} {wrong_with(answer)}")
    if not plan.sections:
        return state()[0] != tables
    action = Action.objects.exclude(pk__in=known).get()
    receipt = receipt_of(action, acts)
    assert receipt.lines == plan.lines
    assert (receipt.sentence, receipt.digest) == (plan.sentence, plan.digest)
    assert action.summary.endswith(plan.sentence)
    return True


def receipt_of(action, acts):
    """Return the plan that the stored rows of an action make."""
    act = plans.Act(action.actor, action.via)
    act.id, act.at = action.pk, action.at
    act.collected = lambda kind, using: kept.get(kind, [])
    kept = dict(acts)
    return plans.plan_of(act, list(action.changes.order_by("pk")), "default", [])


def wrong_with(page):
    form = (page.context or {}).get("adminform") or (page.context or {}).get("form")
    told = [str(it) for it in (page.context or {}).get("messages", ())]
    return dict(getattr(form, "errors", {})), (page.context or {}).get("errors"), told


def chosen(client, url, data):
    """Ask what an action does; where it has a form, with the first answers that come to mind."""
    page = client.post(url, data)
    if page.context and page.context.get("plan") is None and page.context.get("form"):
        answers = {name: first(field) for name, field in page.context["form"].fields.items()}
        data = data | answers | {"post": "yes", "_ask": "1"}
        page = client.post(url, data)
    elif page.context and page.context.get("form"):
        form = page.context["form"]
        data = data | {name: first(field) for name, field in form.fields.items()}
        page = client.post(url, data | {"post": "yes", "_ask": "1"})
    return page, data


def typed(client, url, data):
    """Ask what saving a form does."""
    for files in data.values():
        if hasattr(files, "seek"):
            files.seek(0)
    return client.post(url, data | {"_ask": "1"}), data


# --- Filling in forms ------------------------------------------------------------------------


def first(field, now=None):
    """Return an answer to a field, another than `now`."""
    if isinstance(field, forms.ModelMultipleChoiceField):
        return [field.queryset.exclude(pk__in=now or []).values_list("pk", flat=True).first()]
    if isinstance(field, forms.ModelChoiceField):
        return field.queryset.exclude(pk=now or None).values_list("pk", flat=True).last()
    if isinstance(field, forms.ChoiceField):
        return next(it for it, _ in field.choices if it not in ("", now))
    if isinstance(field, forms.BooleanField):
        return None if now else "on"
    if "image" in field.widget.attrs.get("accept", ""):
        return SimpleUploadedFile("new.jpg", jpeg_bytes(), "image/jpeg")
    if isinstance(field, forms.FileField):
        return SimpleUploadedFile("new.pdf", pdf_bytes(), "application/pdf")
    if isinstance(field, forms.EmailField) or "mail" in (field.label or ""):
        return "new@example.com"
    if isinstance(field, forms.DateField | forms.SplitDateTimeField):
        return f"{(now or timezone.now()) + timedelta(days=1):%Y-%m-%d}"
    return f"{now or ''}7"


def fields_on(page):
    """Return {name in the page: bound field} of a form and the forms of its inlines."""
    shown = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        shown += inline.formset.forms
    bound = chain.from_iterable(shown)
    return {it.html_name: it for it in bound if not it.field.disabled and not it.is_hidden}


def entered(data, name, bound, value):
    """Return what is sent when a field of the page holds another value."""
    if f"{name}_0" in data:  # a day and a time
        return data | {f"{name}_0": value, f"{name}_1": "09:00"}
    rest = {key: it for key, it in data.items() if key != name}
    return rest if value is None else rest | {name: value}


def present(bound):
    value = bound.value()
    return [getattr(it, "pk", it) for it in value] if isinstance(value, list) else value


# --- What there is to try --------------------------------------------------------------------

somebody = RequestFactory().get("/")
somebody.user = get_user_model()(is_superuser=True, is_active=True)
BULK = [(label, name) for label, it in ADMINS.items() for name in it.get_actions(somebody)]
DETAIL = [(label, name) for label, it in ADMINS.items() for name in it.actions_detail]
DELETE = [label for label, it in ADMINS.items() if it.has_delete_permission(somebody)]
ADD = [label for label, it in ADMINS.items() if it.has_add_permission(somebody)]
CHANGE = [label for label, it in ADMINS.items() if it.has_change_permission(somebody)]


class TestEverythingOffered:
    @pytest.mark.parametrize(("label", "name"), [it for it in BULK if it[1] not in READS])
    def test_in_bulk(self, client, asked_of, acts, label, name):
        keys = list(rows_of(label, asked_of).values_list("pk", flat=True))
        every = {"_selected_action": keys[:1], "select_across": "1"}
        some = [{"_selected_action": it} for it in (keys[-TRIED:], keys[:1], keys[-1:])]
        to_try = [(url, it) for url in lists_of(label, asked_of) for it in (every, *some)]

        tried = (try_out(client, url, {"action": name, **it}, acts, chosen) for url, it in to_try)

        assert any(tried), f"{label} {name} does nothing to any of {len(keys)} rows"

    @pytest.mark.parametrize(("label", "name"), DETAIL)
    def test_on_the_page_of_a_row(self, client, asked_of, acts, label, name):
        fits, opened = (
            getattr(ADMINS[label], name).fits,
            partial(ADMINS[label].get_object, asked_of),
        )
        keys = rows_of(label, asked_of).values_list("pk", flat=True)
        urls = [url_of(label, name, it) for it in keys if fits(opened(str(it)))]

        tried = [try_out(client, url, {}, acts, chosen) for url in urls[:TRIED]]

        assert any(tried), f"{label} {name} does nothing to any of {len(urls)} rows"

    @pytest.mark.parametrize("label", DELETE)
    def test_when_a_row_is_deleted(self, client, asked_of, acts, label):
        may = ADMINS[label].has_delete_permission
        rows = [it for it in rows_of(label, asked_of) if may(asked_of, it)]
        urls = [url_of(label, "delete", it.pk) for it in rows]

        tried = [try_out(client, url, {}, acts, chosen) for url in urls[-TRIED:]]

        assert any(tried), f"no {label} can be deleted"

    @pytest.mark.parametrize("label", ADD)
    def test_when_a_row_is_added(self, client, root, acts, label):
        url = url_of(label, "add")
        page = client.get(url)
        data = sent(page)
        for name, bound in fields_on(page).items():
            is_text = type(bound.field) is forms.CharField
            if (bound.field.required or is_text) and not present(bound):
                data = entered(data, name, bound, first(bound.field))

        assert try_out(client, url, data, acts, typed)

    @pytest.mark.parametrize("label", CHANGE)
    def test_when_a_row_is_changed(self, client, asked_of, acts, label):
        row = rows_of(label, asked_of).last()
        url = url_of(label, "change", row.pk)
        page = client.get(url)
        wrong = {}
        for name, bound in fields_on(page).items():
            data = entered(sent(page), name, bound, first(bound.field, present(bound)))
            try:
                if not try_out(client, url, data, acts, typed):
                    wrong[name] = "nothing was done"
            except (Skipped, AssertionError) as error:
                wrong[name] = str(error)

        assert not wrong
