"""From which address a request comes."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings


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
