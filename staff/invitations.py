"""How far somebody has come in joining: computed from the link and its mail, stored nowhere."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan
from django.utils.translation import gettext_lazy as _

from intranet.access.password_links import oldest_alive
from intranet.outbox.models import Mail


class Invitation(models.TextChoices):
    PLANNED = "planned", _("planned")
    NO_SIGN_IN = "no sign-in", _("no sign-in")
    NOT_INVITED = "not invited", _("not invited")
    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")
    JOINED = "joined", _("joined")


SIGNS_IN = Q(is_active=True, is_staff=True)
HAS_NO_PASSWORD = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
IS_PLANNED = Q(is_active=True, profile__invite_on__isnull=False) & (
    Q(is_staff=False) | HAS_NO_PASSWORD
)


def mailed_at() -> Coalesce:
    """Return the expression for the time of the newest link of a user, mailed or yet to be."""
    return Coalesce("password_link__mail__sent_at", "password_link__made_at")


TOLD_BY_ACCOUNT = {Invitation.PLANNED, Invitation.NO_SIGN_IN, Invitation.JOINED}


def in_state(chosen: str, dated: QuerySet) -> Q:
    """Return the condition of the users whose invitation is in that state.

    What it follows from is found out before links and mails are looked up. `dated` are the keys of
    those for whom there is a day to be invited on.
    """
    told_by_account = {
        Invitation.PLANNED: IS_PLANNED,
        Invitation.NO_SIGN_IN: ~SIGNS_IN & ~Q(is_active=True, pk__in=dated),
        Invitation.JOINED: SIGNS_IN & ~HAS_NO_PASSWORD,
    }
    return told_by_account.get(chosen, SIGNS_IN & HAS_NO_PASSWORD & Q(invitation=chosen))


def state() -> Case:
    """Return the expression for the invitation of a user: one of Invitation."""
    unsent = [Mail.Status.QUEUED, Mail.Status.SENDING]
    return Case(
        When(IS_PLANNED, then=Value(Invitation.PLANNED)),
        When(~SIGNS_IN, then=Value(Invitation.NO_SIGN_IN)),
        When(~HAS_NO_PASSWORD, then=Value(Invitation.JOINED)),
        When(password_link=None, then=Value(Invitation.NOT_INVITED)),
        When(password_link__mail__status=Mail.Status.FAILED, then=Value(Invitation.FAILED)),
        When(password_link__ended_at__isnull=False, then=Value(Invitation.EXPIRED)),
        When(password_link__mail__status__in=unsent, then=Value(Invitation.QUEUED)),
        When(LessThan(mailed_at(), oldest_alive()), then=Value(Invitation.EXPIRED)),
        default=Value(Invitation.SENT),
        output_field=models.CharField(),
    )
