"""Lines of a form, drawn in one piece: the theme's templates take half of a page for them."""

from django import template
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from unfold.widgets import CHECKBOX_LABEL_CLASSES, LABEL_CLASSES

from ..drawing import attributes

register = template.Library()
FILE = "unfold/helpers/field_readonly_value_file.html"
LINE = "field-line flex flex-col grow group group/line px-3 py-2.5"  # not shown
BESIDE = (
    " border-b border-base-200 border-dashed min-h-[59px] group-[.last]/row:border-b-0"  # not shown
    " lg:border-l lg:flex-row lg:items-center dark:border-base-800 lg:first:border-l-0"
)
NAME = (
    "lg:min-w-56 lg:w-56 lg:h-[38px] lg:flex lg:items-center lg:self-start"  # not shown
    " lg:leading-[38px] lg:*:m-0"
)
CELL = (
    "group field-tabular min-h-[62.5px] align-middle border-b max-md:border-b"  # not shown
    " border-base-200 lg:group-[.last]/parent:border-b-0 dark:border-base-800 flex items-center"
    " before:capitalize before:font-semibold before:content-[attr(data-label)]"
    " before:text-font-important-light dark:before:text-font-important-dark before:mr-auto"
    " before:font-text before:pr-4 lg:before:hidden font-normal px-3 lg:first:pl-3 lg:last:pr-3"
    " lg:px-1.5 text-left lg:table-cell"
)
WRONG = "mt-2 text-red-600 text-xs dark:text-red-500"  # not shown
STAR = '<span class="text-red-600 dark:text-red-500">*</span>'


@register.simple_tag
def lines_of(fieldset, is_compressed) -> str:
    """Draw a fieldset's lines, names beside fields or above; none here depends on what is typed."""
    drawn, lines = [], list(fieldset)
    for line in lines:
        fields = [of_field(field, is_compressed) for field in line]
        css = "form-row field-row group/row"
        css += f" grid lg:grid-cols-{len(fields)}" if len(fields) > 1 else ""
        css += "" if line.has_visible_field else " hidden"
        css += " last" if line is lines[-1] else ""
        drawn.append(div(css, *fields))
    return mark_safe("\n".join(drawn))


@register.simple_tag
def cells_of(form) -> SafeString:
    """Draw the fields of a row of a table, where each widget has to hold its own name."""
    drawn = []
    for it in (field for fieldset in form for line in fieldset for field in line):
        shown, css = it.field, f"{CELL} {'p-3 lg:py-3' if form.original else 'py-3'}"
        if it.is_readonly:
            name, label, inside = shown["name"], shown["label"], value_of(it)
        elif shown.is_hidden:
            drawn.append(str(shown))
            continue
        else:
            name, label, errors = shown.name, shown.label, shown.errors
            css += " errors" if errors else ""
            told = div(WRONG, *(f"{conditional_escape(it)} " for it in errors)) if errors else ""
            named = shown.as_widget(attrs={"aria-label": label})
            inside = div("flex flex-col grow", named, told)
        attrs = attributes({"class": f"{css} field-{name}", "data-label": label})
        drawn.append(f"<td{attrs}>{div('flex flex-row gap-3 items-center', inside)}</td>")
    return mark_safe("".join(drawn))


@register.simple_tag
def counts_of(formset) -> SafeString:
    """Draw the hidden fields that say how many forms there are."""
    drawn = (
        attributes({"type": "hidden", "name": it.html_name, "value": it.value(), "id": it.auto_id})
        for it in formset.management_form
    )
    return mark_safe("".join(f"<input{it}>" for it in drawn))


@register.filter
def in_a_tag(attrs) -> SafeString:
    return mark_safe(attributes(attrs))


def of_field(field, is_compressed) -> str:
    """Draw a field with its name, what helps with it, and what is wrong."""
    name, css, errors = label_of(field), LINE + BESIDE if is_compressed else LINE, ""
    if field.is_readonly:
        shown, told = value_of(field), field.field["help_text"]
    else:
        shown, told = str(field.field), field.field.help_text
        css += f" field-{field.field.name}"
        if field.field.errors:
            css += " errors"
            errors = div(WRONG, field.errors())
    told = told and div("leading-relaxed mt-2 text-xs", told)
    if not field.is_checkbox:
        name = div(NAME if is_compressed else "", name)
        return div(css, name, div("grow relative", shown, told, errors))
    if not is_compressed:
        told = told and div("ml-2 -mt-1", told)
        return div(css, div("flex flex-row", shown, div("flex flex-col", name, told, errors)))
    told = told and div("lg:-mt-2 lg:ml-2", told)
    name = div("font-medium flex items-start -ml-2 min-w-32 w-32 lg:min-w-56 lg:w-56", name)
    shown = div("grow", div("flex flex-col lg:flex-row", shown, told), errors)
    return div(css, div("flex flex-col gap-2 py-2 lg:flex-row", name, shown))


def div(css, *inside) -> str:
    return f'<div class="{css}">{"".join(map(str, inside))}</div>'  # not shown


def label_of(field) -> str:
    if field.is_readonly:
        return field.label_tag()
    shown, css = field.field, CHECKBOX_LABEL_CLASSES if field.is_checkbox else LABEL_CLASSES
    attrs = {"class": " ".join([*css, "required"] if shown.field.required else css)}
    attrs |= {"for": shown.id_for_label} if shown.id_for_label else {}
    star = STAR if shown.field.required else ""
    return f"<label{attributes(attrs)}>{conditional_escape(shown.label)}{star}</label>"


def value_of(field) -> SafeString:
    """Draw what can only be read, which is made once."""
    text = field.contents()
    if text and field.is_file:
        text = render_to_string(FILE, {"field": field})
    text = conditional_escape("-" if not text or text == "None" else text)
    css = f"readonly break-words {'max-w-4xl' if field.is_json else 'max-w-2xl'} *:rounded-default"
    return mark_safe(div(css, text))
