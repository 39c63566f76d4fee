"""Reads a form out of a page as a browser would send it, and what the page says; confirms it."""

import re
from html.parser import HTMLParser

from django.contrib.messages import get_messages
from django.db.models.fields.files import FieldFile
from django.test import Client
from django.urls import reverse


class _Form(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inside, self.fields, self.select, self.text = False, {}, None, None

    def add(self, name, value):
        if name:
            self.fields.setdefault(name, []).append(value)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = (attrs.get("id") or "").endswith("_form")
        if not self.inside or "disabled" in attrs:
            return
        name, kind = attrs.get("name"), attrs.get("type", "text")
        if tag == "input" and kind not in ("file", "submit", "button"):
            if kind not in ("checkbox", "radio") or "checked" in attrs:
                self.add(name, attrs.get("value", "on" if kind == "checkbox" else ""))
        elif tag == "textarea":
            self.text = (name, "")
        elif tag == "select":
            self.select = (name, "multiple" in attrs, [], [])
        elif tag == "option" and self.select:
            self.select[3 if "selected" in attrs else 2].append(attrs.get("value", ""))

    def handle_data(self, data):
        if self.text:
            self.text = (self.text[0], self.text[1] + data)

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        elif tag == "textarea" and self.text:
            self.add(self.text[0], self.text[1].removeprefix("\n"))
            self.text = None
        elif tag == "select" and self.select:
            name, multiple, others, selected = self.select
            for value in selected if multiple else (selected or others)[:1]:
                self.add(name, value)
            self.select = None


def sent(response, **changes) -> dict[str, list[str]]:
    """Return what a browser sends when the page's form is saved, with `changes`; None takes out."""
    form = _Form()
    form.feed(response.content.decode())
    fields = form.fields | changes
    return {name: value for name, value in fields.items() if value is not None}


def posted(form_page, **changes):
    """Return what a browser would post from `form_page`, with `changes`."""
    context = form_page.context_data
    forms = [context["adminform"].form]
    data = {}
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is None or value is False or isinstance(value, FieldFile):
                continue
            data[bound.html_name] = list(value) if isinstance(value, (list, tuple)) else value
    data.update(changes)
    return {key: value for key, value in data.items() if value is not None}


def opened(client, url, **changes) -> dict[str, list[str]]:
    """Open a page and return what saving it will send."""
    return sent(client.get(url), **changes)


def confirming(response) -> dict[str, str]:
    """Return what a page that shows what happens carries along, to confirm just that."""
    return dict(
        re.findall(r'name="(_said|_keys|_question)" value="([^"]+)"', response.content.decode())
    )


def confirmed(client, url, data, **options):
    """Send a form or an action, and once more if the answer is a page that shows what it does."""
    asked = client.post(url, data, **options)
    hidden = confirming(asked)
    if "_said" not in hidden:
        return asked
    for value in data.values():
        if hasattr(value, "seek"):
            value.seek(0)
    return client.post(url, {**data, **hidden, "post": "yes"}, **options)


def sign_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(obj, name="change") -> str:
    """Return the address of a page about a row: the one on which it is changed, or another."""
    opts = obj._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=[obj.pk])


def errors(response) -> dict[str, str]:
    """Return {field: text} of all forms of a page that was not saved."""
    context = response.context_data
    forms = [context["adminform"].form]
    forms += [form for it in context["inline_admin_formsets"] for form in it.formset.forms]
    return {name: " ".join(texts) for form in forms for name, texts in form.errors.items()}


def said(response) -> list[str]:
    """Return the messages that the next page shows."""
    return [str(message) for message in get_messages(response.wsgi_request)]
