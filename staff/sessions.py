"""Ending the open sessions of somebody, on every device."""

from django.contrib import admin
from django.db import DEFAULT_DB_ALIAS
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from intranet.trace.changes import note

from .models import User


def end(user: User, using: str = DEFAULT_DB_ALIAS, **only) -> None:
    """End all open sessions of `user`, if the row is as `only` says."""
    now = timezone.now()
    before = user.sessions_ended_at
    if User.objects.using(using).filter(pk=user.pk, **only).update(sessions_ended_at=now):
        user.sessions_ended_at = now
        note(user, "sessions_ended_at", before, using)


def sign_out_everywhere(request):
    """Let the signed-in person end their own sessions, this one among them."""
    if request.method == "POST":
        end(request.user)
        return admin.site.logout(request)
    context = admin.site.each_context(request) | {"title": _("Sign out everywhere")}
    return render(request, "staff/sign_out_everywhere.html", context)
