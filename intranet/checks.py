"""System checks: whatever a newcomer can get wrong is said at start, with a way out."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.urls)
def check_site_url(app_configs, **kwargs):
    """SITE_URL is an absolute address, because every link in a mail starts with it."""
    parts = urlsplit(settings.SITE_URL)
    if parts.scheme in ("http", "https") and parts.hostname:
        return []
    hint = 'Set it to the address people type, such as "https://intranet.example.com".'
    return [Error("SITE_URL is not an absolute address.", hint=hint, id="intranet.E001")]
