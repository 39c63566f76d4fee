"""What the doctor asks of people."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intranet import doctor
from intranet.doctor import Finding, those
from intranet.trace.phrases import nphrase
from intranet.trace.rights import group_name

from .attention import TOLD_BY_MAIL_ALONE, told_by_mail_alone
from .fields import without_text
from .models import Profile, User


def leavers_with_access(quick: bool) -> list[Finding]:
    """Find who has left, or was to by yesterday, and is active all the same."""
    gone = Q(departed_at__isnull=False) | Q(left_on__lt=timezone.localdate())
    leavers = Profile.objects.filter(gone).values("user")  # few, where a join would read everybody
    return those(
        map(str, User.objects.active().filter(pk__in=leavers)),
        nphrase(
            "%(count)s person has left, but can still sign in or gets mail",
            "%(count)s people have left, but can still sign in or get mail",
        ),
        _("Start the worker, which lets leavers go; else deactivate them or bring them back."),
        User,
        "?is_active__exact=1&presence=everybody",
    )


def no_superuser(quick: bool) -> Iterator[Finding]:
    if not User.objects.superusers().filter(is_staff=True).exists():
        yield Finding(
            _("There is no active superuser who can sign in."),
            _("Make one: python manage.py createsuperuser"),
            User,
        )


def told_who_cannot_sign_in(quick: bool) -> list[Finding]:
    return those(
        map(str, told_by_mail_alone().order_by("pk")),
        nphrase(
            "%(count)s person is told what happens, but cannot sign in",
            "%(count)s people are told what happens, but cannot sign in",
        ),
        _("Switch on “can sign in”, or take the group with that right from them."),
        User,
        f"?attention={TOLD_BY_MAIL_ALONE}",
    )


def departments_whose_groups_are_lacking(quick: bool) -> list[Finding]:
    """Find who is not in a group of their department, in one query."""
    held = User.groups.through.objects.filter(user=OuterRef("user"), group=OuterRef("wanted"))
    lacking = (
        Profile.objects.alias(wanted=F("department__groups"))
        .filter(departed_at=None, wanted__isnull=False)
        .exclude(Exists(held))
        .values_list("user__username", "department__groups__name")
        .order_by("user__username", "department__groups__name")
    )
    return those(
        (f"{name} ({group_name(group)})" for name, group in lacking),
        nphrase(
            "%(count)s time somebody is not in a group of their department",
            "%(count)s times somebody is not in a group of their department",
        ),
        _("Choose those people and add them to the group."),
        User,
    )


def passwords_as_text(quick: bool) -> list[Finding]:
    people = User.objects.order_by("pk").values_list("username", "password").iterator()
    return those(
        (name for name, password in people if _is_text(password)),
        nphrase("%(count)s password is stored as text", "%(count)s passwords are stored as text"),
        _("Change them: python manage.py changepassword, with the user name."),
        User,
    )


def _is_text(password: str) -> bool:
    return without_text(password) != password


def register() -> None:
    doctor.take_over(gettext_lazy("Everybody has a profile"), "staff.W001")
    doctor.take_over(gettext_lazy("Everybody is in the group for all"), "staff.W002")
    doctor.add(gettext_lazy("Nobody who has left can sign in"), leavers_with_access)
    doctor.add(gettext_lazy("There is an active superuser"), no_superuser)
    doctor.add(gettext_lazy("Who is told what happens can sign in"), told_who_cannot_sign_in)
    doctor.add(
        gettext_lazy("Everybody is in the groups of their department"),
        departments_whose_groups_are_lacking,
    )
    doctor.add(gettext_lazy("No password is stored as text"), passwords_as_text)
