"""Leaving and coming back: planned on the person's page, carried out by the worker on the day.

Nothing is deleted. Somebody who left is inactive, so that sign-in, sessions and links have ended,
and is out of the groups of their department; all the rest stays, to be brought back whole.
"""

from datetime import date

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from intranet import troubles
from intranet.models import Trouble
from intranet.outbox.notices import notify_admins
from intranet.vetoes import Veto
from intranet.wording import counted

from .models import Profile, User
from .signals import staff_joined, staff_left

TROUBLE, ACCESS_ENDED = "leaving", "access ended"


class HasLeftError(Veto):
    """Somebody who left was to be active without being brought back."""


def refuse_if_departed(user: User, using: str) -> None:
    """Raise HasLeftError when `user` has left."""
    if Profile.objects.using(using).filter(user=user).exclude(departed_at=None).exists():
        raise HasLeftError(f"{user.name} has left. Use “Bring back” to let them in again.")


@transaction.atomic
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
        carry_out(user)
    except Veto:
        raise
    except Exception as error:
        _note_failure(profile.pk, error)
        return False
    return True


@transaction.atomic
def carry_out(user: User) -> None:
    """End access and department groups, hand the reports over, and tell those concerned.

    Somebody who has left already is passed by: two who ask at once are one leaving.
    """
    profile = _locked(user)
    if profile.departed_at:
        return
    profile.was_inactive = not (user.is_active or _access_ended(profile).exists())
    user.is_active = False
    user.save(update_fields=["is_active"])
    profile.departed_at = timezone.now()
    if profile.successor and not profile.successor.is_active:
        profile.successor = None
    profile.save(update_fields=["departed_at", "successor", "was_inactive"])
    handed_over = _hand_over(profile)
    staff_left.send(sender=User, user=user, using=DEFAULT_DB_ALIAS)
    _tell(profile, handed_over)


def _locked(user: User) -> Profile:
    """Return the profile of `user` as it is now; whoever else asks for it waits."""
    profile, _ = Profile.objects.select_for_update().get_or_create(user=user)
    profile.user = user
    return profile


def _hand_over(profile: Profile) -> int:
    """Give the leaver's reports to the successor; return how many that were.

    A successor who is one of them reports to the manager of the leaver from now on.
    """
    successor = profile.successor
    reports = Profile.objects.filter(manager=profile.user)
    handed_over = reports.exclude(user=successor).update(manager=successor)
    reports.filter(user=successor).update(
        manager=None if profile.manager == successor else profile.manager
    )
    return handed_over


def _tell(profile: Profile, handed_over: int) -> None:
    user = profile.user
    head = profile.department.head if profile.department else None
    reports = counted(handed_over, "report")
    detail = format_html(
        "<p>{} left on {}. Access and department groups have ended; papers stay.</p>"
        "<p>{}</p><p>{}</p>",
        user.name,
        date_format(profile.left_on),
        f"{reports} now with {profile.successor or 'nobody'}." if handed_over else "",
        profile.leaving_note,
    )
    url = reverse("admin:staff_user_change", args=[user.pk])
    notify_admins(f"{user.name} has left", detail=detail, url=url, also=[head] if head else [])


def carry_out_next() -> int:
    """Carry out one leaving whose day has come; return how many that were (0 or 1).

    One that fails is undone, but for the access, and tried again; Noted is raised.
    """
    return troubles.do_next(TROUBLE, Profile.objects.due_to_leave(), _carry_out_due, _note_failure)


def _carry_out_due(pk: int) -> bool:
    with transaction.atomic():
        due = Profile.objects.select_for_update(skip_locked=True, of=("self",)).due_to_leave()
        profile = due.select_related("user").filter(pk=pk).first()
        if profile is None:
            return False
        try:
            carry_out(profile.user)
        except Veto as veto:
            call_off(profile.user)
            notify_admins(f"{profile.user.name} could not leave", detail=f"<p>{veto}</p>")
    return True


def _note_failure(pk: int, error: BaseException) -> None:
    """Tell the admins that somebody could not leave; nobody stays signed in for that."""
    user = User.objects.get(profile=pk)
    says, done_about = f"{user.name} can no longer sign in.", ACCESS_ENDED * user.is_active
    user.is_active = False
    try:
        user.save(update_fields=["is_active"])
    except troubles.FAILURES as refusal:
        says, done_about = f"{user.name} can still sign in ({refusal}).", ""
    says += " Groups and reports are as before."
    url = reverse("admin:staff_user_change", args=[user.pk])
    message = f"{user.name} could not leave"
    troubles.note(TROUBLE, pk, error, message, says=says, url=url, done_about=done_about)


def _access_ended(profile: Profile) -> QuerySet[Trouble]:
    """Return the trouble for which `_note_failure` switched somebody off, if there is one."""
    return Trouble.objects.filter(kind=TROUBLE, key=str(profile.pk), done_about=ACCESS_ENDED)


def _give_access_back(profile: Profile) -> None:
    """Undo what `_note_failure` did to somebody who is not to leave now."""
    if _access_ended(profile).delete()[0]:
        profile.user.is_active = True
        profile.user.save(update_fields=["is_active"])


@transaction.atomic
def call_off(user: User) -> None:
    """Forget that `user` was to leave."""
    profile = _locked(user)
    profile.left_on = profile.successor = profile.departed_at = None
    profile.leaving_note, profile.was_inactive = "", False
    fields = ["left_on", "successor", "departed_at", "leaving_note", "was_inactive"]
    profile.save(update_fields=fields)
    _give_access_back(profile)


@transaction.atomic
def bring_back(user: User) -> None:
    """Give somebody who left, or was to leave, everything back; reports stay where they went.

    Whoever comes back is told by mail how to sign in, but for those who were inactive before they
    left, and stay so.
    """
    profile = _locked(user)
    returned = profile.departed_at is not None and not profile.was_inactive
    call_off(user)
    user = User.objects.get(pk=user.pk)
    if not returned:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    staff_joined.send(sender=User, user=user, returned=True, using=DEFAULT_DB_ALIAS)
