"""Pages are called as the sidebar calls them, wherever their names stand."""

from django import template
from django.utils.text import capfirst

from .. import sidebar

register = template.Library()


@register.filter
def menu_title(url, otherwise) -> str:
    """Return what the sidebar calls the page at `url`; `otherwise` for one that is not in it."""
    return sidebar.title_at(str(url)) or capfirst(str(otherwise))
