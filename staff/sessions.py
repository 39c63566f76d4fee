"""Ending the open sessions of somebody, on every device."""

from django.contrib import admin
from django.shortcuts import render
from django.utils import timezone

from .models import User


def end(user: User, using: str = "default") -> None:
    """End all open sessions of `user`."""
    user.sessions_ended_at = timezone.now()
    User.objects.using(using).filter(pk=user.pk).update(sessions_ended_at=user.sessions_ended_at)


def end_of_leaver(user: User, using: str) -> None:
    """End the sessions of `user`, about to be saved without sign-in, if the row still has it."""
    could = User.objects.using(using).filter(pk=user.pk, is_active=True, is_staff=True)
    if could.exists():
        end(user, using)


def sign_out_everywhere(request):
    """Let the signed-in person end their own sessions, this one among them."""
    if request.method == "POST":
        end(request.user)
        return admin.site.logout(request)
    context = admin.site.each_context(request) | {"title": "Sign out everywhere"}
    return render(request, "staff/sign_out_everywhere.html", context)
