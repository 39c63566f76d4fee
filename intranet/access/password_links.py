"""Links by mail to the page on which a person sets a password, made when the mail is sent.

Until then there is a row and no address, so that nobody finds a link that works in the database.
Each person has at most one that works: once, and for PASSWORD_RESET_TIMEOUT seconds. It ends with
a newer link, a new password, a sign-in, another e-mail address, and the loss of sign-in.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.signing import BadSignature, Signer
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from ..outbox.links import site_url
from ..outbox.mail import Withdrawn, addressee, queue
from ..outbox.models import Mail
from ..vetoes import hold
from .models import PasswordLink

FIELDS = frozenset({"email", "password", "is_active", "is_staff"})  # what a link hangs on
ASKED_PER_HOUR = 3  # links mailed to one address for the asking; anybody can ask
AWAITED, INVITATION = Mail.Priority.AWAITED, Mail.Priority.INVITATION
UNSENT = [Mail.Status.QUEUED, Mail.Status.FAILED]

signer = Signer(salt="intranet.password_links")  # so that nobody can try out other people's keys


class LinkTokens(PasswordResetTokenGenerator):
    """Django's tokens, tied to the one open link of a person."""

    key_salt = "intranet.password_links.LinkTokens"

    def check_token(self, user, token):
        link = getattr(user, "password_link", None)
        return bool(link) and link.ended_at is None and super().check_token(user, token)

    def _make_hash_value(self, user, timestamp):
        state = f"{user.is_active}{user.is_staff}{user.password_link.made_at.timestamp()}"
        return super()._make_hash_value(user, timestamp) + state


tokens = LinkTokens()


def may_set_password(user) -> bool:
    """Return whether `user` can sign in, and so has a use for a password."""
    return user.is_active and user.is_staff


def valid_hours() -> int:
    """Return for how many hours a link works."""
    return settings.PASSWORD_RESET_TIMEOUT // 3600


def oldest_alive():
    """Return the time before which a link was made that has run out by now."""
    return timezone.now() - timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def mail_link(template: str, user, else_language: str = "", priority=INVITATION) -> None:
    """Queue the mail `template` with a new link for `user`, which ends the one before.

    It is in `else_language` when they have chosen none.
    """
    mail_links(template, [user], DEFAULT_DB_ALIAS, else_language, priority)


def mail_links(
    template: str, users, using: str, else_language: str = "", priority=INVITATION
) -> None:
    """Queue the mail `template` with a new link for each of `users`."""
    if not users:
        return
    facts = {"valid_hours": valid_hours(), "late": {"url": "password_link"}}
    to = {
        it.email: {"user": addressee(it), "language": it.language or else_language} for it in users
    }
    with transaction.atomic(using=using):
        withdraw_mails([it.pk for it in users], using)
        mails = queue(template, to, facts, using, priority=priority)
        by_name = {mail.context["user"]["username"]: mail for mail in mails}
        now = timezone.now()
        links = [
            PasswordLink(user=it, made_at=now, mail=by_name.get(it.get_username())) for it in users
        ]
        PasswordLink.objects.using(using).bulk_create(
            links,
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["made_at", "ended_at", "mail"],
        )


def address_in(mail: Mail) -> str:
    """Return the absolute address of the link that a mail, about to be sent, is to hold.

    Raises Withdrawn when that link has ended meanwhile or a newer one was mailed.
    """
    links = PasswordLink.objects.using(mail._state.db).filter(mail=mail, ended_at=None)
    signed_in = {"user__last_login__gt": F("made_at")}
    link = links.exclude(**signed_in).select_related("user").first()
    user = link and link.user
    if not user or user.email != mail.to or not may_set_password(user):
        raise Withdrawn
    path = reverse("password_reset_confirm", args=[signer.sign(user.pk), tokens.make_token(user)])
    return site_url(path)


def mail_asked_link(user) -> None:
    """Queue the mail with a new link, or nothing when several were sent within the hour."""
    an_hour_ago = timezone.now() - timedelta(hours=1)
    asked = Mail.objects.filter(template="password_reset", created_at__gt=an_hour_ago)
    with transaction.atomic():
        if hold(user) and asked.filter(to__iexact=user.email).count() < ASKED_PER_HOUR:
            mail_link("password_reset", user, get_language() or "", AWAITED)


def person_behind(signed_key: str):
    """Return who a link was made for, while they can sign in; None for a forged link too."""
    try:
        key = signer.unsign(signed_key)
    except BadSignature:
        return None
    user = get_user_model().objects.filter(pk=key).first()
    return user if user and may_set_password(user) else None


def end_outdated_link(user, using: str) -> None:
    """End the open link of `user`, about to be saved, when one of FIELDS differs from the row."""
    same = {f"user__{field}": getattr(user, field) for field in FIELDS}
    links = PasswordLink.objects.using(using).filter(user=user.pk, ended_at=None).exclude(**same)
    if links.update(ended_at=timezone.now()):
        withdraw_mails([user.pk], using)


def withdraw_mails(user_ids: list[int], using: str) -> None:
    """Delete the mails with people's links that have not gone out: the links in them are dead."""
    links = PasswordLink.objects.using(using).filter(user__in=user_ids).exclude(mail=None)
    if keys := list(links.values_list("mail", flat=True)):
        Mail.objects.using(using).filter(pk__in=keys, status__in=UNSENT).delete()
