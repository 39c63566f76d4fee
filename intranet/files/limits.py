"""Refusing a request that is too large, before its body is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class RequestSizeMiddleware:
    """Answers 413 by Content-Length alone; without one, Django takes the body for empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        length = int(announced) if announced.isdecimal() else 0
        if length <= settings.ANONYMOUS_REQUEST_MAX_BYTES or (
            length <= settings.REQUEST_MAX_BYTES and request.user.is_authenticated
        ):
            return self.get_response(request)
        limit = {"limit": settings.UPLOAD_MAX_BYTES, "total": settings.REQUEST_MAX_BYTES}
        return render(request, "413.html", limit, status=413)
