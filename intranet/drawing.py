"""Widgets of forms, drawn without the templates that a page would take for each of its fields."""

from functools import lru_cache
from html import escape

from django.forms.renderers import TemplatesSetting
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

LONG = 100  # characters; few values have as many
ARROW = (
    '<span class="material-symbols-outlined absolute group-[.primary]:text-white'
    " pointer-events-none mr-[12px] right-0 text-base-400 top-0 top-1/2 hover:text-base-700"
    ' dark:text-base-500 dark:hover:text-base-200 -translate-y-1/2">expand_more</span>'
)


class Renderer(TemplatesSetting):
    """Draw what the widgets' own templates would; no field here has a sign before or behind it."""

    def render(self, template_name, context, request=None) -> str:
        if draw := DRAWN.get(template_name):
            return mark_safe(draw(context["widget"]))
        return super().render(template_name, context, request)


def attributes(attrs: dict, **own: str) -> str:
    """Return them as they stand in a tag: True without a value, False not at all; `own` first."""
    return "".join(
        f" {name}" if value is True else f' {name}="{escaped(value)}"'
        for name, value in (own | attrs | own).items()
        if value is not False
    )


def escaped(value) -> str:
    """Do as `conditional_escape`, but keep what most fields have in common: classes, not names."""
    if type(value) is str and len(value) > LONG:
        return escaped_text(value)
    return escape(value) if type(value) is str else conditional_escape(value)


escaped_text = lru_cache(maxsize=1000)(escape)


def draw_input(widget: dict) -> str:
    own = {"type": widget["type"], "name": widget["name"]}
    if widget["value"] is not None:
        own["value"] = str(widget["value"])
    return f"<input{attributes(widget['attrs'], **own)}>"


def draw_text(widget: dict) -> str:
    return f'<div class="max-w-2xl relative w-full">{draw_input(widget)}</div>'


def draw_date(widget: dict) -> str:
    return (
        f'<div class="flex flex-col max-w-2xl min-w-56 relative w-full">{draw_input(widget)}</div>'
    )


def draw_select(widget: dict) -> str:
    rows = [f"<select{attributes(widget['attrs'], name=widget['name'])}>"]
    for group, options, _ in widget["optgroups"]:
        rows += [f"<optgroup{attributes({'label': group})}>"] if group else []
        rows += [
            f"<option{attributes(it['attrs'], value=str(it['value']))}>"
            f"{conditional_escape(localize(it['label']))}</option>"
            for it in options
        ]
        rows += ["</optgroup>"] if group else []
    return "\n".join([*rows, "</select>"])


def draw_select_with_arrow(widget: dict) -> str:
    return f'<div class="grow relative max-w-2xl">{draw_select(widget)}{ARROW}</div>'


INPUTS = ("text", "email", "number", "hidden", "password", "date", "time", "checkbox")
DRAWN = {f"django/forms/widgets/{it}.html": draw_input for it in INPUTS} | {
    "django/forms/widgets/select.html": draw_select,
    "unfold/widgets/date.html": draw_date,
    "unfold/widgets/select.html": draw_select_with_arrow,
    "unfold/widgets/text.html": draw_text,
}
