"""Inviting people: at once, or planned for a day on which the worker does it.

Somebody who does not sign in is welcomed instead. Whoever left, or was switched off, by the day is
not invited: what was planned for them is forgotten.
"""

from datetime import date

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from intranet import troubles
from intranet.trace.action import batched
from intranet.trace.phrases import phrase

from . import mails
from .models import Profile, User

TROUBLE = "invitation"


def is_invitable(user: User) -> bool:
    """Return whether a welcome mail tells somebody anything: not who left or has joined."""
    return user.is_active and not (user.is_staff and user.has_usable_password())


def invite(user: User, day: date | None = None) -> bool:
    """Mail the invitation now, or plan it for a later day; return whether they can be invited."""
    if not is_invitable(user):
        return False
    is_ahead = day is not None and day > timezone.localdate()
    _plan(user.profile, day if is_ahead else None)
    if not is_ahead:
        mails.send_welcome(user)
    return True


def call_off(user: User) -> bool:
    """Forget the day on which somebody was to be invited; return whether there was one."""
    return _plan(user.profile, None)


def _plan(profile: Profile, day: date | None) -> bool:
    if profile.invite_on == day:
        return False
    profile.invite_on = day
    profile.save(update_fields=["invite_on"])
    return True


def invite_next() -> int:
    """Invite one person whose day has come; return how many that were (0 or 1).

    What fails is tried again; Noted is raised.
    """
    return troubles.work_off(TROUBLE, Profile.objects.due_to_be_invited(), _invite_due, _explain)


def _invite_due(pk: int) -> bool:
    with batched() as act:
        due = Profile.objects.select_for_update(skip_locked=True, of=("self", "user"))
        profile = due.due_to_be_invited().select_related("user").filter(pk=pk).first()
        if profile is None:
            return False
        name = profile.user.name
        if is_invitable(profile.user):
            act.summary = phrase("The planned invitation of %(name)s goes out", name=name)
            invite(profile.user)
        else:
            act.summary = phrase(
                "%(name)s is not invited as planned: left, inactive or joined", name=name
            )
            call_off(profile.user)
    return True


def _explain(pk: int, error: BaseException) -> dict:
    """Return what the admins are told when somebody could not be invited."""
    user = User.objects.get(profile=pk)
    return {
        "message": lambda: _("%(name)s could not be invited") % {"name": user.name},
        "url": reverse("admin:staff_user_change", args=[user.pk]),
    }
