"""Links to set a password."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..outbox.models import Mail
from ..wording import labelled


class PasswordLink(models.Model):
    """The newest link by which somebody sets a password; older ones are dead."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="password_link"
    )
    made_at = models.DateTimeField(_("made"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    mail = models.ForeignKey(
        Mail, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        verbose_name = _("link to set a password")
        verbose_name_plural = _("links to set a password")

    def __str__(self):
        return labelled(self._meta.verbose_name, self.user)
