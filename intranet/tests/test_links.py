"""No page leads its reader to one that is closed to them, or that is not there."""

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from documents.models import Document
from intranet.files.models import FileFault, FileRemoval
from intranet.outbox.models import Mail, Notice
from staff.models import Profile

from .test_demo import demo, filled  # noqa: F401

pytestmark = pytest.mark.django_db
OF_A_KIND = 3  # pages that are opened
KEY = re.compile(r"/(\d+|[0-9a-f-]{36})(?=/)")
HOST = "http://testserver"
LEFT_OUT = ("/static/", "/logout/")


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found += [attrs[name] for name in ("href", "src") if tag != "link" and attrs.get(name)]


def links_of(page, url: str) -> list[str]:
    """Return the addresses on this site that a page leads to."""
    if page.status_code == 302:
        found = [page["Location"]]
    elif page.streaming or "text/html" not in page["Content-Type"]:
        found = []
    else:
        links = Links()
        links.feed(page.content.decode())
        found = links.found
    whole = [urljoin(HOST + url, it).partition("#")[0] for it in found]
    here = [it.removeprefix(HOST) for it in whole if it.startswith(f"{HOST}/")]
    return [it for it in here if not any(part in it for part in LEFT_OUT)]


def kind_of(url: str) -> tuple:
    """Return what pages have in common that differ by their row or by how a list is narrowed."""
    parts = urlsplit(url)
    return KEY.sub("/row", parts.path), bool(parts.query)


def is_dead(page, url: str) -> bool:
    """Return whether a page is closed, or sends whoever looks for a row to the first page."""
    is_sent_home = page.status_code == 302 and page["Location"] == "/admin/"
    return page.status_code >= 400 or (is_sent_home and "/row/" in kind_of(url)[0])


def dead_ends(user) -> list[str]:
    """Follow the links from the first page on, some of each kind; return those that are dead."""
    client, seen, visited, dead = Client(), {"/admin/"}, Counter(), []
    client.force_login(user)
    to_visit = [("/admin/", "")]
    for url, source in to_visit:
        kind = kind_of(url)
        visited[kind] += 1
        if visited[kind] > OF_A_KIND:
            continue
        page = client.get(url)
        if is_dead(page, url):
            dead.append(f"{page.status_code} {url} linked on {source}")
            continue
        for link in links_of(page, url):
            if link not in seen:
                seen.add(link)
                to_visit.append((link, url))
    return dead


def somebody(role: str):
    """Return somebody who can sign in and is in a role, or in that of everybody alone."""
    people = get_user_model().objects.filter(is_staff=True, is_active=True)
    if role == "superuser":
        return people.get(is_superuser=True)
    found = people.filter(is_superuser=False, groups__name=role).order_by("pk")
    return found.exclude(groups__permissions__codename="add_post").first() or found.first()


def disorder(user):
    """Make what the first page says needs attention, and tell `user`."""
    paper, today = Document.objects.first(), timezone.localdate()
    Notice.objects.create(
        recipient=user, message="Look", url=f"/admin/staff/user/{user.pk}/change/"
    )
    Mail.objects.filter(pk=Mail.objects.last().pk).update(status=Mail.Status.FAILED, error="No")
    FileFault.objects.create(
        name=paper.file.name, source="documents.Document.file", row_key=paper.pk
    )
    FileFault.objects.create(name="photos/x.png", source="staff.Profile.photo", row_key="1")
    FileRemoval.objects.create(storage="default", name="x", source="x", error="No", attempts=3)
    people = get_user_model().objects.filter(is_active=True, is_superuser=False)
    leaver = people.exclude(profile__manager=None).first()
    Profile.objects.filter(user=leaver).update(left_on=today)
    Profile.objects.filter(user=leaver.profile.manager).update(departed_at=timezone.now())


@pytest.mark.xdist_group("demo")
@pytest.mark.slow
class TestEveryLink:
    @pytest.mark.parametrize("role", ["User", "HR", "Editors", "superuser"])
    def test_opens_for_whoever_sees_it(self, filled, role):  # noqa: F811
        user = somebody(role)
        disorder(user)

        assert dead_ends(user) == []
