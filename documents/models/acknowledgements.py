"""Who has acknowledged which post, and who was reminded of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from intranet.models import AtomicModel
from intranet.trace.changes import Tracked
from staff.models import User

from .posts import Post


class Acknowledgement(AtomicModel):
    """One person has read one post; it outlives the account, and goes with the post.

    It stays when the text is changed, and says so; acknowledged anew, it is of the new text.
    """

    post = models.ForeignKey(
        Post,
        on_delete=models.CASCADE,
        db_index=False,  # an index begins with it
        related_name="acknowledgements",
        verbose_name=_("post"),
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="acknowledgements",
        verbose_name=_("person"),
    )
    name = models.CharField(_("name"), max_length=310)  # of the person, who may be gone by now
    at = models.DateTimeField(_("acknowledged"), default=timezone.now)
    version = models.CharField(_("version of the text"), max_length=8)  # what Post.version was

    history = Tracked(part_of="post", restorable=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        indexes = [
            models.Index(fields=["-at", "-id"]),
            models.Index(fields=["post", "-at", "-id"], name="acknowledged_when"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["post", "person"], name="post_is_acknowledged_once")
        ]

    def __str__(self):
        return self.name


class Reminder(models.Model):
    """When somebody was last reminded to acknowledge a post."""

    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="+", verbose_name=_("post")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("person"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    history = None

    class Meta:
        default_permissions = ()
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(fields=["post", "person"], name="reminder_is_kept_once")
        ]

    def __str__(self):
        return f"{self.post_id} {self.person_id}"


class Reader(User):
    """Somebody whom a post asks to acknowledge it, in the list of those who have and have not."""

    history = None

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
