"""Buttons, and links that look like them, drawn in one piece."""

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from ..drawing import attributes

register = template.Library()
SHAPE = (
    "font-medium inline-flex group items-center gap-1 relative rounded-default"  # not shown
    " justify-center whitespace-nowrap cursor-pointer px-3 py-2"
)
HOVER = " hover:bg-base-100/80 dark:hover:bg-base-800/80"  # not shown
VARIANTS = {
    "primary": "border border-base-200 bg-primary-600 border-transparent text-white"  # not shown
    " hover:bg-primary-600/80",
    "default": "border border-base-200 bg-white shadow-xs text-important dark:border-base-700"
    f" dark:bg-transparent{HOVER}",
    "secondary": f"bg-base-100 border border-transparent text-important dark:bg-base-800{HOVER}",
    "danger": "border border-red-600 bg-red-600 border-transparent text-white hover:bg-red-600/80",
}
ICON = '<span class="material-symbols-outlined -ml-0.5">{}</span> '


@register.simple_block_tag
def button(content, variant="primary", icon="", attrs=None, **own) -> SafeString:
    """Draw what `own`, such as `href` or `form`, and `attrs` make it; `submit` sends its form."""
    if own.pop("submit", False):
        own["type"] = "submit"
    own["class"] = f"{SHAPE} {VARIANTS[variant]} {own.get('class', '')}".rstrip()
    tag = "a" if own.get("href") else "button"
    shown = {name: value for name, value in own.items() if value}
    drawn = ICON.format(conditional_escape(icon)) if icon else ""
    return mark_safe(f"<{tag}{attributes((attrs or {}) | shown)}>{drawn}{content}</{tag}>")
