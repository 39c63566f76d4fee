"""Pages are called as the sidebar calls them, wherever their names stand."""

from django import template
from django.utils.text import capfirst

from .. import sidebar

register = template.Library()


@register.simple_tag(takes_context=True)
def may_open(context, url) -> bool:
    return bool(url) and sidebar.may_open(context.request.user, str(url))


@register.filter
def menu_title(url, otherwise) -> str:
    """Return what the sidebar calls the page at `url`; `otherwise` for one that is not in it."""
    return sidebar.title_at(str(url)) or capfirst(str(otherwise))
