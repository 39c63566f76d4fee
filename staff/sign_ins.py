"""Who signed in, who signed out and who failed to."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ua_parser import parse

from intranet import queue
from intranet.access.client import client_address
from intranet.wording import labelled

UNKNOWN_KEPT = 1000  # newest failures of names nobody has; anybody can make more of them


class SignIn(models.Model):
    """A sign-in, a sign-out, or a failure, with the name as it was typed; never a password."""

    class Kind(models.TextChoices):
        SIGNED_IN = "in", _("signed in")
        SIGNED_OUT = "out", _("signed out")
        FAILED = "failed", _("failed")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="sign_ins",
        verbose_name=_("person"),
    )
    username = models.CharField(_("name as typed"), max_length=150)
    kind = models.CharField(_("what"), max_length=6, choices=Kind)
    address = models.GenericIPAddressField(_("from"), null=True, blank=True)
    user_agent = models.CharField(_("browser, as it names itself"), max_length=200, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    searched = ("username", "address")
    history = None  # it is one

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        indexes = [models.Index(fields=["user", "-at"]), models.Index(fields=["at"])]

    def __str__(self):
        return labelled(self.username, self.get_kind_display())

    @property
    def browser(self) -> str:
        """Return "Firefox on Windows"; what names neither as it is."""
        found = parse(self.user_agent)
        names = {
            "browser": found.user_agent and found.user_agent.family,
            "system": found.os and found.os.family,
        }
        if all(names.values()):
            return gettext("%(browser)s on %(system)s") % names
        return names["browser"] or self.user_agent


def record(kind: str, username: str, request, user=None) -> None:
    """Write down what happened; `request` may be None, as in a shell."""
    agent = request.META.get("HTTP_USER_AGENT", "") if request else ""
    SignIn.objects.create(
        user=user,
        kind=kind,
        username=clean(username, 150),
        address=client_address(request) if request else None,
        user_agent=clean(agent, 200),
    )


def record_failure(username: str, request) -> None:
    """Write a failure down, but not the ones that were not even looked at: they have no end."""
    if getattr(request, "axes_locked_out", False):
        return
    user = get_user_model().objects.filter(username=clean(username, 150)).first()
    record(SignIn.Kind.FAILED, username, request, user)


def clean(text: str, longest: int) -> str:
    return text.replace("\0", "")[:longest]


def purge() -> int:
    """Delete a piece of what is too old, or one name too many, as queue.purge does."""
    oldest = timezone.now() - timedelta(days=settings.SIGN_IN_KEEP_DAYS)
    surplus = SignIn.objects.filter(user=None)[UNKNOWN_KEPT:]
    return queue.purge(SignIn.objects.filter(at__lt=oldest)) + queue.purge(surplus)
