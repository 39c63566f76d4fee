"""What the theme's settings say, as style sheets want it."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def as_variables(colours: dict) -> SafeString:
    """Return each weight of each colour as a variable of CSS."""
    named = ((name, *it) for name, weights in colours.items() for it in weights.items())
    return mark_safe("".join("--color-{}-{}: {};".format(*it) for it in named))
