"""Rows of lists, without what the theme repeats in each cell: theme.css says it once."""

import re

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from unfold.templatetags import unfold_list
from unfold.templatetags.unfold_list import CHECKBOX_CLASSES, LINK_CLASSES, ROW_CLASSES

register = template.Library()

REPEATED = [f' class="{" ".join(LINK_CLASSES)}" ']
REPEATED += [f" {' '.join(classes)}" for classes in (CHECKBOX_CLASSES[1:], ROW_CLASSES)]
TAG = re.compile(r"<[^>]*>")  # the theme escapes what stands in one
FIGURE = re.compile(r"[\d-]")  # what a date or a number begins with, and the sign for nothing


@register.filter
def lean(cell) -> str:
    """Return a cell with few classes: one more says that it holds a date, a number or nothing."""
    for classes in REPEATED:
        cell = cell.replace(classes, "")
    cell = re.sub(r"\s*\n\s*", "\n", cell)
    text = TAG.sub("", cell).strip()
    kind = "blank" if text in ("", "-") else "figure" if FIGURE.match(text) else ""
    if kind and "<input" not in cell:
        cell = cell.replace('class="', f'class="{kind} ', 1)
    return mark_safe(cell)


def made_once(headers):
    """Have the headers of a list made and translated once; the theme does it for each row."""

    def headers_of(shown) -> list[dict]:
        if "_headers" not in vars(shown):
            made = (it | {"text": conditional_escape(it["text"])} for it in headers(shown))
            shown._headers = list(made)
        return shown._headers

    return headers_of


def badge(value, empty_value, colours) -> str:
    """Draw the label of a cell without the theme's template, which takes longer than the row."""
    state, text = value if isinstance(value, tuple) else (value, value)
    colour = colours.get(state) if isinstance(colours, dict) else ""
    box = '<span class="badge badge-{}">{}</span>'
    return format_html(box, colour or "default", text) if text else "-"


unfold_list.display_for_label = badge
unfold_list.result_headers = made_once(unfold_list.result_headers)
