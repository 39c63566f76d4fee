"""No page says in English what it should say in another language."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from staff.models import User

from .test_access import pages, site  # noqa: F401
from .test_texts import said
from .texts import LANGUAGES, opened

ATTRIBUTES = {"aria-label", "title", "placeholder", "alt"}
WORDS = "the|of|and|is|are|with|this|these|you|your|by|which|who|what"
ENGLISH = re.compile(rf"\b({WORDS})\b", re.IGNORECASE)
SAME = re.compile(  # commands, names, and what was written before anybody chose a language
    r"sweep_files|manage\.py|CONTRIBUTING|Club|Welcome to|Hello|required of|Done by"
)


class Reader(HTMLParser):
    """Collects the texts of a page, but for what is code, or data of the browser."""

    def __init__(self, html: str):
        super().__init__()
        self.texts: set[str] = set()
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        is_icon = "material-symbols" in found.get("class", "")
        if tag in ("script", "style", "code", "pre", "head") or is_icon:
            self.inside.append(tag)
        if tag == "input" and found.get("type") in ("submit", "button"):
            self.texts.add(found.get("value", ""))
        self.texts |= {" ".join(found[it].split()) for it in ATTRIBUTES & found.keys()}

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.texts.add(" ".join(data.split()))


def untranslated(language: str) -> set[str]:
    """Return the English texts that say something else in `language`, and are no words of it."""
    entries = opened(language)
    words = {it for entry in entries for it in said(entry)}
    return {it.msgid.strip() for it in entries} - {it.strip() for it in words}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_speaks_english(site, language):  # noqa: F811
    User.objects.update(language=language)
    client, english, found = Client(), untranslated(language), {}
    client.force_login(site.people["S"])
    for name, address in pages(site).items():
        response = client.get(address)
        if response.status_code == 200 and "html" in response.headers["Content-Type"]:
            for it in Reader(response.content.decode()).texts:
                if (it in english or ENGLISH.search(it)) and not SAME.search(it):
                    found.setdefault(it, name)

    assert not found, "\n".join(f"{name}: {it}" for it, name in found.items())
