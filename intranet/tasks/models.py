"""Work that is done beside the page, by a worker, and what became of it."""

from contextlib import suppress
from datetime import timedelta
from typing import Self
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.messages.storage.cookie import MessageDecoder, MessageEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..outbox.models import Notice
from ..queue import QueueQuerySet
from ..sidebar import address
from ..trace.phrases import Phrase

NAMES = r"work/[0-9a-f-]{36}\.\w+"


class WorkQuerySet(QueueQuerySet["Work"]):
    def open(self) -> Self:
        return self.filter(state__in=[Work.State.WAITING, Work.State.RUNNING])

    def due(self) -> Self:
        """Work that nobody is at: new, or left by a worker that was ended."""
        return self.open().filter(mails=0).ripe(10 * term()).order_by("due_at", "pk")

    def cancel(self) -> int:
        """End work without doing it; return how many pieces that were."""
        ended = {"state": Work.State.CANCELLED, "ended_at": timezone.now()}
        return self.update(request=b"", error="", **ended)

    def answering(self, person: AbstractUser, question: str) -> Self:
        """That with which somebody answered a question of theirs, the newest first."""
        key = as_key(question)
        return self.filter(person=person, question=key) if key else self.none()

    def unseen(self, person: AbstractUser) -> Self:
        """What waits for somebody's answer, or was not done, and was not looked at since."""
        unread = Notice.objects.unread().filter(recipient=person).values("pk")
        states = [Work.State.ASKS, Work.State.REFUSED, Work.State.FAILED]
        return self.filter(state__in=states, notice__in=unread, person=person)


def as_key(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None


def term() -> timedelta:
    """Return how long a lease runs; whoever works renews it."""
    return timedelta(seconds=settings.WORK_LEASE)


def stored_name(work: "Work", filename: str) -> str:
    """Return a name that follows from the attempt: no row may say what a killed one has stored."""
    return f"work/{uuid5(work.pk, str(work.attempts))}.result"


class Work(models.Model):
    """What somebody sent that takes long: a worker answers it, and keeps the answer.

    That is what an action did, a file, or the page that asks whether that is what is wanted.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        ASKS = "asks", _("waits for your answer")
        REFUSED = "refused", _("cannot be done")  # a question whose answer that is
        FAILED = "failed", _("not done")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("asked by"),
    )
    said = models.JSONField(default=list, editable=False)  # a phrase
    request = models.BinaryField(editable=False, default=b"")  # what was sent; empty once it ended
    digest = models.CharField(max_length=64, blank=True, editable=False)  # SHA-256 of what was sent
    writes = models.BooleanField(default=False, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(default=timezone.now, editable=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    error = models.TextField(_("why not"), blank=True)
    action = models.UUIDField(null=True, editable=False)  # what it did
    question = models.UUIDField(null=True, editable=False)  # the work that this answers
    notice = models.BigIntegerField(null=True, editable=False)  # which tells that it ended
    mails = models.PositiveIntegerField(default=0, editable=False)  # of its action, if it is them
    messages = models.JSONField(
        default=list, encoder=MessageEncoder, decoder=MessageDecoder, editable=False
    )
    answer = models.BinaryField(editable=False, default=b"")  # a page
    rights = models.JSONField(default=list, editable=False)  # with which it was made, if it is kept
    file = models.FileField(upload_to=stored_name, blank=True, editable=False)
    file_name = models.CharField(max_length=200, blank=True, editable=False)
    content_type = models.CharField(max_length=100, blank=True, editable=False)

    history = None

    objects = WorkQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        default_permissions = ()
        verbose_name, verbose_name_plural = _("piece of work"), _("pieces of work")
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="work_that_is_open",
            ),
            models.Index(fields=["person", "-asked_at"]),
            models.Index(fields=["-asked_at", "-id"]),
        ]

    def __str__(self) -> str:
        return str(Phrase(*self.said) if self.said else _("Work"))

    @property
    def page(self) -> str:
        return address(Work, "change", self.pk)

    def is_for(self, user: AbstractUser) -> bool:
        """Return whether somebody has all the rights with which page and file were made."""
        return user.get_all_permissions().issuperset(self.rights)

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)
