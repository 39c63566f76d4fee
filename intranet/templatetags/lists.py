"""Rows of lists, without what the theme repeats in each cell: theme.css says it once."""

import re

from django import template
from django.utils.html import strip_tags
from django.utils.safestring import mark_safe
from unfold.templatetags.unfold_list import CHECKBOX_CLASSES, LINK_CLASSES, ROW_CLASSES

register = template.Library()

REPEATED = [f' class="{" ".join(LINK_CLASSES)}" ']
REPEATED += [f" {' '.join(classes)}" for classes in (CHECKBOX_CLASSES[1:], ROW_CLASSES)]
BOX = re.compile(r'class="[^"]* (action-select)"')
FIGURE = re.compile(r"[\d-]")  # what a date or a number begins with, and the sign for nothing


@register.filter
def lean(cell) -> str:
    """Return a cell with few classes: one more says that it holds a date, a number or nothing."""
    for classes in REPEATED:
        cell = cell.replace(classes, "")
    cell = re.sub(r"\s*\n\s*", "\n", BOX.sub(r'class="\1"', cell))
    text = strip_tags(cell).strip()
    kind = "blank" if text in ("", "-") else "figure" if FIGURE.match(text) else ""
    if kind and "<input" not in cell:
        cell = cell.replace('class="', f'class="{kind} ', 1)
    return mark_safe(cell)
