"""Names for those who hear a page instead of seeing it."""

from django import template

register = template.Library()


@register.filter
def named(field) -> str:
    """Return the widget of a form's field with its name in it, where no label stands beside."""
    return field.as_widget(attrs={"aria-label": field.label})
