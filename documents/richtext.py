"""The rich text of posts: what is allowed in it."""

import nh3
from django.utils.safestring import SafeString, mark_safe

HEADINGS = {"h1", "h2", "h3", "h4"}
INLINE = {"a", "br", "del", "em", "strong", "u"}
TAGS = HEADINGS | INLINE | {"blockquote", "div", "li", "ol", "p", "pre", "ul"}
ATTRIBUTES = {"a": {"href"}, "*": {"dir"}}
SCHEMES = {"http", "https", "mailto", "tel"}


def sanitise(html: str) -> SafeString:
    """Return `html` with only what the editor writes: no scripts, styles, pictures or handlers."""
    return mark_safe(nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES).strip())
