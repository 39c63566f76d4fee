"""Absolute addresses for mails, built on SITE_URL and never on a request's Host header."""

from django.conf import settings


def site_url(path: str = "/") -> str:
    """Return `path` (starting with a slash) as an absolute URL of this site."""
    return f"{settings.SITE_URL}{path}"
