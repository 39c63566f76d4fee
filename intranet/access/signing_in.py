"""Signing in: who may, how often it may fail, and from which address it is tried."""

from ipaddress import IPv6Address, ip_address, ip_network

from axes.backends import AxesStandaloneBackend
from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from ..errors import themed
from .password_links import may_set_password


class Throttle(AxesStandaloneBackend):
    """Refuses a name from an address where it failed too often, before a password is hashed.

    Code that signs somebody in without a request comes from no address and is let through.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        if request is not None:
            super().authenticate(request, username, password, **kwargs)


class SignInBackend(ModelBackend):
    """Knows only those who can sign in; to all others it says what it says to strangers."""

    def user_can_authenticate(self, user):
        return may_set_password(user)


def client_address(request) -> str | None:
    """Return the address a request comes from; None when it has none, as on a Unix socket.

    X-Forwarded-For counts only BEHIND_PROXY, and of it only what that proxy added, at the end:
    anybody can send the rest.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        address = forwarded or address
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def throttled_address(request) -> str | None:
    """Return the address that failures count for: all of an IPv6 customer's addresses are one."""
    address = client_address(request)
    if address and isinstance(ip_address(address), IPv6Address):
        return str(ip_network(f"{address}/64", strict=False).network_address)
    return address


def locked_out(request, response, credentials):
    """Answer a sign-in that is held up; the same for names that nobody has."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    page = themed(request, "intranet/locked_out.html", 429, minutes=minutes)
    page["Retry-After"] = str(minutes * 60)
    return page
