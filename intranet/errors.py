"""Pages for what goes wrong, in the theme's clothes (400 and 500 stand on their own)."""

from django.contrib import admin
from django.shortcuts import render


def themed(request, template: str, status: int, **facts):
    context = admin.site.each_context(request) if hasattr(request, "user") else {}
    return render(request, template, context | facts, status=status)


def forbidden(request, exception):
    return themed(request, "403.html", 403)


def csrf_failure(request, reason=""):
    return themed(request, "403_csrf.html", 403)


def not_found(request, exception):
    return themed(request, "404.html", 404)
