"""Rows of lists, drawn once and without what the theme repeats in each cell: theme.css says it."""

import datetime
import re

from django import template
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import DateField, ForeignKey, ManyToOneRel, TimeField
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from unfold.templatetags import unfold_list
from unfold.utils import display_for_field, display_for_value

register = template.Library()
TAG = re.compile(r"<[^>]*>")  # the theme escapes what stands in one
LINES = re.compile(r"\s*\n\s*")
FIGURE = re.compile(r"[\d-]")  # what a date or a number begins with, and the sign for nothing


def row_drawn(shown, row, form=None) -> list[str]:
    """Return the cells of a row in one piece; no list here has a form in its rows."""
    cells = []
    for name, tag, css, label, is_link in columns_of(shown):
        text, is_in_one_line = drawn(shown, name, row)
        kind = kind_of(text)
        if is_link:
            text = format_html('<a href="{}"{}>{}</a>', *link_of(shown, row), text)
        css = f"{kind}{css}{' nowrap' if is_in_one_line else ''}"
        cells.append(f'<{tag} class="{css}" data-label="{label}">{text}</{tag}>')
    return [mark_safe("".join(cells))]


def columns_of(shown) -> list[tuple]:
    """Return what all cells of a column have in common, found out once for a list."""
    if "_columns" not in vars(shown):
        shown._columns, links, named = [], shown.list_display_links, False
        for place, name in enumerate(shown.list_display):
            is_link = links is not None and (name in links or (not links and not named))
            label = unfold_list.result_headers(shown)[place]["text"]
            css = f"field-{unfold_list._coerce_field_name(name, place)}"
            if name == "action_checkbox":
                css = unfold_list.CHECKBOX_CLASSES[0]
            if not place and not is_link:
                label = gettext("Select record")
            tag = "th" if is_link and not named else "td"
            shown._columns.append((name, tag, css, label, is_link))
            named = named or is_link
    return shown._columns


def drawn(shown, name, row) -> tuple[SafeString, bool]:
    """Return what a cell holds, and whether it must not be broken into lines."""
    empty = shown.model_admin.get_empty_value_display()
    try:
        field, shows, value = lookup_field(name, row, shown.model_admin)
    except ObjectDoesNotExist:
        return conditional_escape(empty), False
    empty = getattr(shows, "empty_value_display", empty)
    if field is None or field.auto_created:
        in_one_line = isinstance(value, datetime.date | datetime.time)
        if colours := getattr(shows, "label", False):
            text = badge(value, colours)
        else:
            text = display_for_value(value, empty, getattr(shows, "boolean", False))
    else:
        in_one_line = isinstance(field, DateField | TimeField | ForeignKey)
        if isinstance(field.remote_field, ManyToOneRel):
            text = empty if value is None else value
        else:
            text = display_for_field(value, field, empty)
    text = conditional_escape(text)
    return (LINES.sub("\n", text) if "\n" in text else text), in_one_line


def kind_of(text: str) -> str:
    """Return the class of a cell that holds a date or a number, or nothing."""
    said = (TAG.sub("", text) if "<" in text else text).strip()
    if "<input" in text or not (said in ("", "-") or FIGURE.match(said)):
        return ""
    return "blank " if said in ("", "-") else "figure "


def link_of(shown, row) -> tuple[str, str]:
    """Return the address of a row's page, and what a window that chooses a row is told of it."""
    url = shown.url_for_result(row)
    if shown.preserved_filters:
        kept = {"preserved_filters": shown.preserved_filters, "opts": shown.opts}
        url = add_preserved_filters(kept, url)
    if not shown.is_popup:
        return url, ""
    key = row.serializable_value(str(shown.to_field) if shown.to_field else shown.pk_attname)
    return url, format_html(' data-popup-opener="{}"', key)


def made_once(headers):
    """Have the headers of a list made and translated once; the theme does it for each row."""

    def headers_of(shown) -> list[dict]:
        if "_headers" not in vars(shown):
            made = (it | {"text": conditional_escape(it["text"])} for it in headers(shown))
            shown._headers = list(made)
        return shown._headers

    return headers_of


def badge(value, colours) -> str:
    """Draw the label of a cell without the theme's template, which takes longer than the row."""
    state, text = value if isinstance(value, tuple) else (value, value)
    colour = colours.get(state) if isinstance(colours, dict) else ""
    box = '<span class="badge badge-{}">{}</span>'
    return format_html(box, colour or "default", text) if text else "-"


theirs = unfold_list.items_for_result
unfold_list.result_headers = made_once(unfold_list.result_headers)
unfold_list.items_for_result = row_drawn
