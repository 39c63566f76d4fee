"""The look: Unfold's settings, from colours to the command palette."""

from django.templatetags.static import static
from django.urls import reverse_lazy


def icon(request=None) -> str:
    return static("intranet/icon.svg")


def stylesheet(request=None) -> str:
    return static("intranet/theme.css")


def keyboard(request=None) -> str:
    return static("intranet/keyboard.js")


def editor(request=None) -> str:
    return static("intranet/editor.js")


UNFOLD = {
    "SITE_TITLE": "Intranet",
    "SITE_HEADER": "Intranet",
    "SITE_SUBHEADER": "People, papers and posts",
    "SITE_URL": None,  # there is no other site to return to
    "SITE_ICON": icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "ACCOUNT": {
        "navigation": [
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
            {"title": "Sign out everywhere", "link": reverse_lazy("sign_out_everywhere")},
        ]
    },
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
    "STYLES": [stylesheet],
    "SCRIPTS": [keyboard, editor],
    "DASHBOARD_CALLBACK": "intranet.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "intranet.sidebar.navigation",
    },
    "COMMAND": {
        "search_models": False,  # one letter would read whole tables
        "search_callback": "staff.palette.find_people",
    },
}
