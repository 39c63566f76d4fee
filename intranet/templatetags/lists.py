"""Rows of lists, drawn once and without what the theme repeats in each cell: theme.css says it."""

import datetime
import re

from django import template
from django.contrib.admin.templatetags.admin_list import _coerce_field_name
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field, quote
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import DateField, ForeignKey, ManyToOneRel, TimeField
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from unfold.templatetags import unfold_list
from unfold.utils import display_for_field, display_for_value

from .. import sidebar

register = template.Library()
ANY_KEY = "0key0"  # stands for the key of a row in the address of its page
TAG = re.compile(r"<[^>]*>")  # the theme escapes what stands in one
LINES = re.compile(r"\s*\n\s*")
WORDS = r"[^\W\d_]{3}.*\s[^\W\d_]{3}"  # more than the one of a date or a size
FIGURE = re.compile(rf"[\d-](?!.*{WORDS})", re.S)  # a date, a number, or the sign for nothing


@register.inclusion_tag("admin/change_list_results.html", takes_context=True)
def rows_of(context, shown) -> dict:
    """Draw the table of a list; no list here has a form in its rows, or rows that are sections."""
    headers = list(unfold_list.result_headers(shown))
    columns = columns_of(shown, [conditional_escape(it["text"]) for it in headers])
    return {
        "cl": shown,
        "result_headers": headers,
        "num_sorted_fields": sum(it["sortable"] and it["sorted"] for it in headers),
        "rows": [(row, row_drawn(shown, columns, row)) for row in shown.result_list],
        "actions_row": context.get("actions_row"),
        "has_add_permission": shown.model_admin.has_add_permission(context["request"]),
    }


def row_drawn(shown, columns, row) -> str:
    """Return the cells of a row in one piece."""
    cells = []
    for name, tag, css, label, is_link in columns:
        text, is_in_one_line = drawn(shown, name, row)
        kind = kind_of(text)
        if is_link:
            text = f"<a {link_of(shown, row)}>{text}</a>"
        css = f"{kind}{css}{' nowrap' if is_in_one_line else ''}"
        cells.append(f'<{tag} class="{css}" data-label="{label}">{text}</{tag}>')
    return mark_safe("".join(cells))


def columns_of(shown, labels) -> list[tuple]:
    """Return what all cells of a column have in common: name, tag, class, label, if it links."""
    columns, links, named = [], shown.list_display_links, False
    for place, (name, label) in enumerate(zip(shown.list_display, labels, strict=True)):
        is_link = links is not None and (name in links or (not links and not named))
        css = f"field-{_coerce_field_name(name, place)}"
        if name == "action_checkbox":
            css = unfold_list.CHECKBOX_CLASSES[0]
        if not place and not is_link:
            label = gettext("Select record")
        columns.append((name, "th" if is_link and not named else "td", css, label, is_link))
        named = named or is_link
    return columns


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


def link_of(shown, row) -> str:
    """Return the address of a row's page, and what a window that chooses a row is told of it."""
    if "_link" not in vars(shown):
        kept = {"preserved_filters": shown.preserved_filters, "opts": shown.opts}
        url = sidebar.address(shown.model, "change", ANY_KEY)
        shown._link = escape(add_preserved_filters(kept, url))
    href = f'href="{shown._link.replace(ANY_KEY, escape(quote(row.pk)), 1)}"'
    if not shown.is_popup:
        return href
    key = row.serializable_value(str(shown.to_field) if shown.to_field else shown.pk_attname)
    return f'{href} data-popup-opener="{escape(key)}"'


def badge(value, colours) -> str:
    """Draw the label of a cell without the theme's template, which takes longer than the row."""
    state, text = value if isinstance(value, tuple) else (value, value)
    colour = colours.get(state) if isinstance(colours, dict) else ""
    box = '<span class="badge badge-{}">{}</span>'
    return mark_safe(box.format(colour or "default", conditional_escape(text))) if text else "-"
