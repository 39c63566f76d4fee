"""Pages for what goes wrong, in the theme's clothes (400 and 500 stand on their own)."""

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponseNotFound
from django.shortcuts import render


def themed(request, template: str, status: int, **facts):
    context = admin.site.each_context(request) if hasattr(request, "user") else {}
    return render(request, template, context | facts, status=status)


def forbidden(request, exception):
    return themed(request, "403.html", 403)


def not_found(request, exception):
    return themed(request, "404.html", 404)


class NotFoundMiddleware:
    """Shows the site's own page for a wrong address in development, too, as in the demo."""

    def __init__(self, get_response):
        if not settings.DEBUG:  # where Django calls `not_found` itself
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        return not_found(request, None) if type(response) is HttpResponseNotFound else response
