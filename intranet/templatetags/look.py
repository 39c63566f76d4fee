"""What pages repeat, drawn in one piece: the theme's templates take a multiple of the time."""

from django import template
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()
TABLE = (  # not shown
    '<div class="flex flex-col"><div class="bg-white flex flex-col grow lg:border'
    " lg:border-base-200 lg:overflow-hidden lg:rounded-default lg:shadow-xs"
    ' lg:dark:border-base-800 dark:bg-base-900">'
    '<div><table class="block border-spacing-none border-separate w-full lg:table">'
    '<thead class="text-font-important-light dark:text-font-important-dark">'
    '<tr class="bg-base-50 dark:bg-base-900">{}</tr></thead>{}</table></div></div></div>'
)
HEADING = (
    '<th class="align-middle border-b border-base-200 font-semibold py-2 text-left'
    ' whitespace-nowrap hidden px-3 lg:table-cell dark:border-base-800 dark:bg-white/[.02]">{}</th>'
)
ROW = (
    '<tbody class="block relative lg:table-row-group"><tr class="data-row block group {}border'
    " border-base-200 mb-3 rounded-default shadow-xs lg:table-row lg:border-none lg:mb-0"
    ' lg:shadow-none dark:border-base-800 relative">{}</tr></tbody>'
)
CELL = (
    '<td class="px-3 py-1.5 h-[45px] align-middle flex border-t border-base-200 font-normal gap-4'
    " min-w-0 overflow-hidden text-left before:flex before:capitalize"
    " before:content-[attr(data-label)] before:font-semibold before:text-font-important-light"
    " dark:before:text-font-important-dark before:items-center before:mr-auto first:border-t-0"
    ' lg:group-[.first-row]:border-t-0 lg:before:hidden {}lg:table-cell dark:border-base-800"'
    ' data-label="{}">{}</td>'
)


@register.simple_tag
def table_of(table: dict) -> SafeString:
    """Draw rows of cells below headings, which each cell has beside it on a phone."""
    names = [str(it) for it in table["headers"]]
    rows = []
    for place, row in enumerate(table["rows"]):
        line = "lg:first:border-t " if place else ""
        cells = (
            CELL.format(line, escape(name), conditional_escape(cell))
            for name, cell in zip(names, row, strict=True)
        )
        rows.append(ROW.format("" if place else "first-row ", "".join(cells)))
    headings = (HEADING.format(escape(capfirst(it))) for it in names)
    return mark_safe(TABLE.format("".join(headings), "".join(rows)))


@register.filter
def as_variables(colours: dict) -> SafeString:
    """Return each weight of each colour as a variable of CSS."""
    named = ((name, *it) for name, weights in colours.items() for it in weights.items())
    return mark_safe("".join("--color-{}-{}: {};".format(*it) for it in named))
