"""Who gets into which page and may run which action, for every page and action there is.

The pages are found in the live URL configuration and compared with access_table.py: a new one that
is not written there fails.
"""

import hashlib
import re
import zlib
from collections import defaultdict
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import AnonymousUser, Group
from django.core.files.base import ContentFile
from django.db import connection
from django.shortcuts import resolve_url
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver, reverse

from documents.acknowledging import acknowledge
from documents.models import Reader
from documents.tests.factories import make_document, make_post, png_bytes, require
from intranet.files.models import FileFault, FileRemoval
from intranet.outbox.models import Mail, Notice
from intranet.tasks.models import Work
from intranet.trace.models import Change
from staff.models import SignIn
from staff.tests.factories import make_department, make_superuser, make_user

from .access_table import ACTIONS, PAGES, PUBLIC

BY_THE_WAY = {"django_session"}  # tables that looking around may write to
READING = {"intranet_notice_change": ["intranet_notice"]}  # what only notes that it was read
TABLE = "intranet/tests/access_table.py"
EXAMPLES = {
    "view_on_site": "admin/r/1/1/",
    "acknowledge": "admin/acknowledge/1-1:forged/",
    "password_reset_confirm": "admin/password_reset/nobody/no-token/",
    "password_reset_fresh": "admin/password_reset/nobody/new/",
    "autocomplete": "admin/autocomplete/?app_label=staff&model_name=profile&field_name=manager",
    "admin/(?P<url>.*)$": "admin/nowhere/",
    "open_notice": "admin/notices/11111111-1111-4111-8111-111111111111/",
}


@pytest.fixture
def site(db):
    """One row of everything, and somebody for each column of the table."""
    group = Group.objects.create(name="Club")
    department = make_department("Lab", groups=["Club"])
    people = {
        "A": AnonymousUser(),
        "U": make_user("uma"),
        "H": make_user("hazel", roles=["HR"]),
        "E": make_user("ed", roles=["Editors"]),
        "S": make_superuser(),
    }
    ada = make_user("ada", department=department)
    ada.profile.photo.save("ada.png", ContentFile(png_bytes()))
    paper, post = make_document(ada), make_post(asks_acknowledgement=True)
    acknowledge(post, ada)
    notice = Notice.objects.create(recipient=people["S"], message="Something happened")
    removal = FileRemoval.objects.create(storage="default", name="cvs/x.pdf", source="x")
    fault = FileFault.objects.create(name="cvs/x.pdf")
    sign_in = SignIn.objects.create(user=ada, username="ada")
    answer = zlib.compress(b"42")
    work = Work.objects.create(person=people["S"], state=Work.State.ASKS, answer=answer)
    mail, action = Mail.objects.first(), Change.objects.get(object_name=str(post)).action
    rows = [ada, ada.profile, department, group, paper, post, require()]
    rows += [post.acknowledgements.get(), Reader.objects.get(pk=ada.pk)]
    rows += [notice, removal, fault, sign_in, mail, action, work]
    return SimpleNamespace(
        people=people,
        rows={type(row): row for row in rows},
        files={"paper": paper.file.name, "photo": ada.profile.photo.name},
    )


def patterns(resolver=None, prefix=""):
    """Yield (name or address, address) of each page; addresses as they stand in the URLconf."""
    for pattern in (resolver or get_resolver()).url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield pattern.name or address, address
        else:
            yield from patterns(pattern, address)


def pages(site) -> dict[str, str]:
    """Return an address for each page below /admin/ and /media/, with the rows of `site`."""
    found = {}
    for name, address in patterns():
        if address.startswith(("admin/", "media/")):
            for label, example in examples(site, name, address):
                assert not re.search(r"[<(]", example), f"Add an example of {name} to EXAMPLES."
                found[f"{name} {label}".strip()] = f"/{example}"
    return found


def examples(site, name, address) -> list[tuple[str, str]]:
    """Return (what tells it apart, address) of the pages that a pattern stands for."""
    if labels := re.search(r"\^\(\?P<app_label>(.*)\)/\$", address):
        return [(label, f"admin/{label}/") for label in labels[1].split("|")]
    if name == "download":
        return [(kind, f"media/{file}") for kind, file in site.files.items()]
    for model, row in site.rows.items():
        if address.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            return [("", address.replace("<path:object_id>", str(row.pk)))]
    return [("", EXAMPLES.get(name, address))]


def letter(actor: str, response) -> str:
    """Return the capital of whoever sees the page, the small letter of whoever is sent on."""
    if response.status_code == 200:
        return actor
    to_sign_in = response.headers.get("Location", "").startswith(resolve_url(settings.LOGIN_URL))
    return actor.lower() if response.status_code in (301, 302) and not to_sign_in else ""


def clients(site):
    for actor, user in site.people.items():
        client = Client()
        if user.is_authenticated:
            client.force_login(user)
        yield actor, client


def contents() -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a digest of them."""
    tables = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - BY_THE_WAY:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = sorted(
                repr([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row])
                for row in cursor.fetchall()
            )
            digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
            tables[table] = (len(rows), digest)
    return tables


def changed(before) -> list[str]:
    """Return the tables that are not as `before`."""
    return sorted(table for table, state in contents().items() if before.get(table) != state)


def differences(found: dict[str, str], table: dict[str, str]) -> str:
    """Say in words how what was found differs from the table; nothing when it does not."""
    lines = []
    for name in sorted(found.keys() | table.keys()):
        if name not in table:
            lines.append(f"{name}: new, and open to {found[name]!r}. Add it to {TABLE}.")
        elif name not in found:
            lines.append(f"{name}: does not exist any more. Take it out of {TABLE}.")
        elif found[name] != table[name]:
            lines.append(f"{name}: open to {found[name]!r}, but {TABLE} says {table[name]!r}.")
    return "\n".join(lines)


@pytest.mark.slow
class TestPages:
    def test_are_open_to_those_in_the_table_and_looking_changes_nothing(self, site):
        found, writes, addresses = defaultdict(str), [], pages(site)
        for actor, client in clients(site):
            before = contents()
            for name, address in addresses.items():
                found[name] += letter(actor, client.get(address))
                if tables := changed(before):
                    before = contents()
                    if tables == READING.get(name):
                        continue
                    writes.append(f"GET {address} as {actor} changed {', '.join(tables)}")
                    before = contents()

        assert not writes, "\n".join(writes)
        assert not (wrong := differences(found, PAGES)), wrong

    def test_take_nothing_from_those_who_do_not_see_them(self, site):
        data, addresses = {"post": "yes", "name": "x"}, pages(site)
        writes = []
        for actor, client in clients(site):
            before = contents()
            for name, address in addresses.items():
                if name in PUBLIC or actor in PAGES.get(name, ""):
                    continue
                client.post(address, data)
                if tables := changed(before):
                    writes.append(f"POST {address} as {actor} changed {', '.join(tables)}")
                    before = contents()

        assert not writes, "\n".join(writes)


def label(model_admin, name: str) -> str:
    return f"{model_admin.opts.label_lower}.{name}"


def request_of(user):
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


class TestActions:
    def test_are_offered_to_those_in_the_table(self, site):
        found = defaultdict(str)
        for model_admin in admin.site._registry.values():
            for _, name, _ in model_admin._get_base_actions():
                found[label(model_admin, name)] = ""
            for actor, user in site.people.items():
                for name in model_admin.get_actions(request_of(user)):
                    found[label(model_admin, name)] += actor

        assert not (wrong := differences(found, ACTIONS)), wrong

    def test_do_nothing_for_those_to_whom_they_are_not_offered(self, site):
        writes = []
        for actor, client in clients(site):
            before = contents()
            for model, row in site.rows.items():
                model_admin = admin.site.get_model_admin(model)
                url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                for _, name, _ in model_admin._get_base_actions():
                    if actor in ACTIONS.get(label(model_admin, name), ""):
                        continue
                    chosen = {"action": name, ACTION_CHECKBOX_NAME: [row.pk]}
                    client.post(url, {**chosen, "post": "yes"})
                    if tables := changed(before):
                        writes.append(f"{name} at {url} as {actor} changed {', '.join(tables)}")
                        before = contents()

        assert not writes, "\n".join(writes)

    def test_declare_one_permission_each(self):
        wrong = []
        for model_admin in admin.site._registry.values():
            methods = {name: function for function, name, _ in model_admin._get_base_actions()}
            for place in ("list", "row", "detail", "submit_line"):
                for name in model_admin._extract_action_names(
                    getattr(model_admin, f"actions_{place}")
                ):
                    methods[name] = getattr(model_admin, name)
            wrong += [
                f"{label(model_admin, name)} declares {declared or 'no permission'}"
                for name, method in methods.items()
                if len(declared := getattr(method, "allowed_permissions", ())) != 1
            ]

        assert not wrong, "\n".join(wrong)

    def test_every_model_of_the_admin_has_a_row_to_try_them_on(self, site):
        assert set(admin.site._registry) == set(site.rows)
