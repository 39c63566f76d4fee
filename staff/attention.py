"""Whom and what needs attention among people and departments."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from intranet import attention
from intranet.access.models import PasswordLink
from intranet.trace.phrases import nphrase

from .invitations import Invitation, mailed_at
from .models import Department, Profile, User

OVERDUE = "overdue_leavers"
TOLD_BY_MAIL_ALONE = "told_by_mail_alone"
UNANSWERED = timedelta(days=7)  # since an invitation was mailed


def here():
    """Return the active people who have not left; the others are fewer, and have indexes."""
    return User.objects.not_left().exclude(pk__in=User.objects.filter(is_active=False).values("pk"))


def unanswered(user):
    """Return who was invited a week ago, and has chosen no password; failed mails are told."""
    a_week_ago = timezone.now() - UNANSWERED
    links = PasswordLink.objects.filter(made_at__lte=a_week_ago)  # fewer than people
    invited = here().filter(pk__in=links.values("user"))
    waiting = invited.with_invitation_in([Invitation.SENT, Invitation.EXPIRED])
    return waiting.alias(at=mailed_at()).filter(at__lte=a_week_ago)


def overdue(user):
    """Return who was to leave by now and is still active, or has not left whole."""
    still_here = Q(is_active=True) | Q(profile__departed_at=None)
    return User.objects.filter(still_here, profile__left_on__lte=timezone.localdate())


def heads_left(user):
    return Department.objects.headless().exclude(head=None)


def no_head(user):
    return Department.objects.filter(head=None)


def no_manager(user):
    has_left = Q(profile__manager__in=Profile.objects.left().values("user"))
    return here().filter(Q(profile__manager=None) | has_left)


def no_department(user):
    """Return who has none, by an index; that nobody lacks a profile is the doctor's to see."""
    profiles = Profile.objects.filter(department=None).order_by()
    return here().filter(pk__in=profiles.values("user"))


def told_by_mail_alone(user=None):
    return User.objects.admins().filter(is_staff=False)


def register() -> None:
    """Name what needs attention on this floor."""
    attention.add(
        OVERDUE,
        _("Past the last day, and still here"),
        nphrase(
            "%(count)d person is past the last day and still here",
            "%(count)d people are past the last day and still here",
        ),
        User,
        overdue,
        query="&presence=everybody",
        is_broken=True,
    )
    attention.add(
        "unanswered_invitations",
        _("Invitation unanswered for a week"),
        nphrase(
            "%(count)d invitation unanswered for a week",
            "%(count)d invitations unanswered for a week",
        ),
        User,
        unanswered,
    )
    attention.add(
        "heads_left",
        _("The head has left"),
        nphrase(
            "%(count)d department whose head has left",
            "%(count)d departments whose heads have left",
        ),
        Department,
        heads_left,
    )
    attention.add(
        "no_head",
        _("Nobody is the head"),
        nphrase("%(count)d department without a head", "%(count)d departments without a head"),
        Department,
        no_head,
    )
    attention.add(
        "no_manager",
        _("Without a manager"),
        nphrase("%(count)d person without a manager", "%(count)d people without a manager"),
        User,
        no_manager,
    )
    attention.add(
        "no_department",
        _("Without a department"),
        nphrase("%(count)d person without a department", "%(count)d people without a department"),
        User,
        no_department,
    )
    attention.add(
        TOLD_BY_MAIL_ALONE,
        _("Gets notices, and cannot sign in"),
        nphrase(
            "%(count)d person gets notices and cannot sign in to read them",
            "%(count)d people get notices and cannot sign in to read them",
        ),
        User,
        told_by_mail_alone,
    )
