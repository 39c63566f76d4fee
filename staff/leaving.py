"""Leaving and coming back: planned on the person's page, carried out by the worker on the day.

Nothing is deleted. Somebody who left is inactive, so that sign-in, sessions and links have ended,
and is out of the groups of their department; all the rest stays, to be brought back whole.
"""

from datetime import date
from functools import partial

from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from intranet import troubles
from intranet.outbox.notices import notify_admins
from intranet.trace.action import batched
from intranet.trace.changes import update
from intranet.trace.models import Change
from intranet.trace.phrases import nphrase, phrase
from intranet.vetoes import Veto

from .models import Profile, User
from .signals import staff_joined, staff_left

TROUBLE = "leaving"


class HasLeftError(Veto):
    """Somebody who left was to be active without being brought back."""


def refuse_if_departed(user: User, using: str) -> None:
    """Raise HasLeftError when `user` has left."""
    if Profile.objects.using(using).filter(user=user).exclude(departed_at=None).exists():
        text = _("%(name)s has left. Use “Bring back” to let them in again.")
        raise HasLeftError(text % {"name": user.name})


@batched()
def plan(user: User, last_day: date, successor: User | None = None, note: str = "") -> bool:
    """Note when `user` leaves and who takes over their reports; return whether they are gone now.

    A day that has come already is carried out at once, a later one by the worker, as is one that
    fails: the access has ended then, and the admins are told. Nothing changes for somebody who has
    left. Raises Veto.
    """
    profile = _locked(user)
    if profile.departed_at:
        return True
    profile.left_on, profile.successor, profile.leaving_note = last_day, successor, note
    profile.save(update_fields=["left_on", "successor", "leaving_note"])
    if last_day > timezone.localdate():
        _give_access_back(profile)
        return False
    try:
        _carry_out(profile)
    except Veto:
        raise
    except Exception as error:
        troubles.note(TROUBLE, profile.pk, error, _explain)
        return False
    return True


def _locked(user: User) -> Profile:
    """Return the profile of `user` as it is now; whoever else asks for it waits."""
    profile, _ = Profile.objects.select_for_update().get_or_create(user=user)
    profile.user = user
    return profile


def _carry_out(profile: Profile) -> None:
    """End the access; then, whole or not at all, do the rest. Nobody stays in because it fails."""
    _end_access(profile)
    _depart(profile)


@batched()
def _end_access(profile: Profile) -> None:
    if profile.was_inactive is None:
        profile.was_inactive = not profile.user.is_active
        profile.save(update_fields=["was_inactive"])
    profile.user.is_active = False
    profile.user.save(update_fields=["is_active"])


@batched()
def _depart(profile: Profile) -> None:
    """End the department groups, hand the reports over, and tell those concerned."""
    profile.departed_at, profile.invite_on = timezone.now(), None
    if profile.successor and not profile.successor.is_active:
        profile.successor = None
    profile.save(update_fields=["departed_at", "successor", "invite_on"])
    handed_over = _hand_over(profile)
    _tell(profile, handed_over)
    staff_left.send(sender=User, user=profile.user, using=DEFAULT_DB_ALIAS)


def _hand_over(profile: Profile) -> int:
    """Give the leaver's reports to the successor; return how many that were.

    A successor who is one of them reports to the manager of the leaver from now on.
    """
    successor = profile.successor
    reports = Profile.objects.filter(manager=profile.user)
    handed_over = update(reports.exclude(user=successor), manager=successor)
    above = None if profile.manager == successor else profile.manager
    update(reports.filter(user=successor), manager=above)
    return handed_over


def _tell(profile: Profile, handed_over: int) -> None:
    user = profile.user
    head = profile.department.head if profile.department else None
    facts, successor = {"name": user.name}, profile.successor and str(profile.successor)
    day, note = profile.left_on, profile.leaving_note

    def team() -> str:
        if not handed_over:
            return ""
        if not successor:
            return _("Whoever reported to them has no manager now.")
        text = nphrase(
            "%(count)d report now with %(successor)s.",
            "%(count)d reports now with %(successor)s.",
            handed_over,
            successor=successor,
        )
        return str(text)

    def detail() -> str:
        text = _("%(name)s left on %(day)s. Access and department groups have ended; papers stay.")
        left = text % {**facts, "day": date_format(day)}
        return format_html("<p>{}</p><p>{}</p><p>{}</p>", left, team(), note)

    url = reverse("admin:staff_user_change", args=[user.pk])
    also = [head] if head else []
    notify_admins(lambda: _("%(name)s has left") % facts, detail=detail, url=url, also=also)


def planned(profile: Profile) -> dict:
    """Return "by" whom the day was chosen and "on" which day, if the history has it."""
    kind = ContentType.objects.get_for_model(Profile)
    changes = Change.objects.filter(content_type=kind, object_key=profile.pk)
    chosen = changes.filter(values__has_key="left_on").select_related("action").last()
    if chosen is None:
        return {}
    day = date_format(timezone.localtime(chosen.action.at))
    return {"by": chosen.action.by, "on": day}


def carry_out_next() -> int:
    """Carry out one leaving whose day has come; return how many that were (0 or 1).

    One that fails is undone, but for the access, and tried again; Noted is raised.
    """
    return troubles.work_off(TROUBLE, Profile.objects.due_to_leave(), _carry_out_due, _explain)


def _carry_out_due(pk: int) -> bool:
    failure = None
    with batched() as act:
        due = Profile.objects.select_for_update(skip_locked=True, of=("self",)).due_to_leave()
        profile = due.select_related("user").filter(pk=pk).first()
        if profile is None:
            return False
        act.summary = phrase("%(name)s leaves", name=profile.user.name)
        if by := planned(profile):
            act.summary = phrase(
                "%(name)s leaves, as %(by)s planned on %(on)s", name=profile.user.name, **by
            )
        try:
            _carry_out(profile)
        except Veto as veto:
            bring_back(profile.user)
            message = partial(could_not_leave, profile.user.name)
            why = partial(format_html, "<p>{}</p>", *veto.args)
            notify_admins(message, detail=why)
        except troubles.FAILURES as error:
            failure = error
    if failure:
        raise failure
    return True


def _explain(pk: int, error: BaseException) -> dict:
    """Return what the admins are told when somebody could not leave."""
    user = User.objects.get(profile=pk)

    def says() -> str:
        text = _("Groups and reports of %(name)s are as before.")
        if user.is_active and user.is_staff:
            text = _("%(name)s can still sign in. Groups and reports are as before.")
        elif user.is_staff:
            text = _("%(name)s can no longer sign in. Groups and reports are as before.")
        return text % {"name": user.name}

    return {
        "message": partial(could_not_leave, user.name),
        "says": says,
        "url": reverse("admin:staff_user_change", args=[user.pk]),
    }


def could_not_leave(name: str) -> str:
    return _("%(name)s could not leave") % {"name": name}


def _give_access_back(profile: Profile) -> bool:
    """Undo `_end_access`, if it came to that; return whether they can sign in again by that."""
    ended_by_leaving = profile.was_inactive is False
    profile.was_inactive = None
    profile.save(update_fields=["was_inactive"])
    if ended_by_leaving:
        profile.user.is_active = True
        profile.user.save(update_fields=["is_active"])
    return ended_by_leaving


@batched()
def bring_back(user: User) -> None:
    """Give somebody who left, or was to leave, everything back; reports stay where they went.

    Whoever was inactive before they left stays so, and nobody hears of it.
    """
    profile = _locked(User.objects.get(pk=user.pk))
    had_left = profile.departed_at is not None
    profile.left_on = profile.successor = profile.departed_at = None
    profile.leaving_note = ""
    profile.save(update_fields=["left_on", "successor", "departed_at", "leaving_note"])
    if _give_access_back(profile) and had_left:
        staff_joined.send(sender=User, user=profile.user, returned=True, using=DEFAULT_DB_ALIAS)
