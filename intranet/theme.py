"""The look: Unfold's settings, from colours to the sidebar."""

UNFOLD = {
    "SITE_TITLE": "Intranet",
    "SITE_HEADER": "Intranet",
}
