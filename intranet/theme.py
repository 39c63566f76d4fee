"""The look: Unfold's settings, and what the browser may load for it."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static


def own(name: str):
    """Return Unfold's kind of address of a static file: a function, called once there are any."""
    return lambda request=None: static(f"intranet/{name}")


THEME = {
    "SITE_TITLE": "Intranet",
    "SITE_HEADER": "Intranet",
    "SITE_URL": None,  # there is no other site to return to
    "SITE_ICON": own("icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": own("icon.svg")}],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "#f0f9f8",
            "100": "#d8efec",
            "200": "#b2dfda",
            "300": "#81c8c2",
            "400": "#4eada6",
            "500": "#2b9a92",  # text on dark pages
            "600": "#15716b",  # buttons and text on white: 5.9:1
            "700": "#125a56",
            "800": "#114845",
            "900": "#103c3a",
            "950": "#062322",
        },
    },
    "STYLES": [own("theme.css"), own("lists.css")],
    "SCRIPTS": [own(f"{it}.js") for it in ("keyboard", "editor", "errors", "rehearse", "days")],
    "DASHBOARD_CALLBACK": "intranet.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "intranet.sidebar.navigation",
    },
}


def content_security_policy(pictures_from: list[str]) -> dict:
    """Return CONTENT_SECURITY_POLICY; pictures may also come from these origins."""
    return {
        "DIRECTIVES": {
            "default-src": [SELF],
            "script-src": [SELF, UNSAFE_EVAL],  # Alpine, which the theme uses, evaluates attributes
            "style-src": [SELF, UNSAFE_INLINE],
            "img-src": [SELF, "data:", *pictures_from],
            "object-src": ["'none'"],
            "base-uri": [SELF],
            "form-action": [SELF],
            "frame-ancestors": ["'none'"],
        }
    }
