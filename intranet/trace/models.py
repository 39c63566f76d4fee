"""The history: what acted, and which rows it changed."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from .phrases import Phrase, Said, counted_rows
from .telling import Line, Told

MAX_NAME = 200
SYSTEM = gettext_noop("the system")  # who acts where nobody is signed in, as it is stored


class Action(models.Model):
    """One request, command, import or piece of the worker's work; what it did carries its id."""

    class Via(models.TextChoices):
        PAGE = "page", _("on a page")
        COMMAND = "command", _("by a command")
        IMPORT = "import", _("by an import")
        WORKER = "worker", _("by itself")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    actor_name = models.CharField(_("by"), max_length=MAX_NAME)  # stays when the actor goes
    via = models.CharField(_("how"), max_length=10, choices=Via)
    summary = models.TextField(_("what happened"), blank=True)
    said = models.JSONField(default=list, editable=False)  # the summary, in any language
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    undone_by = models.UUIDField(null=True, editable=False)
    undoes_part_of = models.UUIDField(null=True, editable=False)
    causes = models.TextField(blank=True, editable=False)  # of all that it wrote, as `listed`

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        verbose_name, verbose_name_plural = _("action"), _("actions")
        indexes = [
            models.Index(
                fields=["undoes_part_of"],
                condition=Q(undoes_part_of__isnull=False),  # which few have
                name="partial_undoings",
            )
        ]

    def __str__(self) -> str:
        return self.words or f"{self.by}, {self.get_via_display()}"

    @property
    def by(self) -> str:
        """Who acted, in the words of whoever reads it."""
        return gettext(SYSTEM) if self.actor_name == SYSTEM else self.actor_name

    @property
    def words(self) -> str:
        """The summary in the language of whoever reads it, where it was kept so."""
        return str(Phrase(*self.said)) if self.said else self.summary and gettext(self.summary)


def listed(causes: Iterable[str]) -> str:
    """Return causes as an action keeps them, each between two commas."""
    named = sorted({*causes} - {""})
    return f",{','.join(named)}," if named else ""


class Change(models.Model):
    """One row that an action changed.

    `values` are {field: [from, to]}, with the names of the rows that a relation led to; of
    many-to-many fields {field: {"added": [names], "removed": [names]}}. `keys` hold the primary
    keys beside those names, in the same shape.
    """

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="changes")
    cause = models.CharField(max_length=100, blank=True)  # "app.receiver"; what was asked for: ""
    content_type = models.ForeignKey(
        ContentType,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # the index of the history of a row begins with it
        related_name="+",
    )
    object_key = models.CharField(max_length=64)
    object_name = models.CharField(max_length=MAX_NAME)
    kind = models.CharField(max_length=10, choices=Kind)
    values = models.JSONField(default=dict)
    keys = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        verbose_name, verbose_name_plural = _("change"), _("changes")
        indexes = [models.Index(fields=["content_type", "object_key", "-id"])]

    def __str__(self) -> str:
        return f"{self.object_name} {self.get_kind_display()}"


class Traced(models.Model):
    """What a receiver had written: it carries the action and the receiver that caused it."""

    action = models.ForeignKey(
        Action,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # it outlives the history
        null=True,
        editable=False,
        related_name="%(class)ss",
    )
    cause = models.CharField(max_length=100, blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def told(cls, rows: "models.QuerySet[Any]") -> Told:
        """Return what the rows that one action wrote say about it."""
        count = rows.count()
        said: Said = counted_rows(cls, count) if count else ""
        return Told(
            str(capfirst(cls._meta.verbose_name_plural)), [Line(str(said))] * bool(said), said
        )

    @classmethod
    def take_back(
        cls, rows: "models.QuerySet[Any]", is_whole: bool
    ) -> tuple[list[Line], list[str]]:
        """Take back what an action wrote that is undone, if it can be; return that, and the rest.

        It is not `is_whole` when some of what was created stays.
        """
        return [], []


class ReceiverDay(models.Model):
    """How often a receiver ran on one day, how often it failed, and how long it took."""

    receiver = models.CharField(max_length=100)
    day = models.DateField()
    runs = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    last_run_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["receiver", "day"], name="receiver_is_counted_by_day")
        ]

    def __str__(self) -> str:
        return f"{self.receiver} on {self.day}"
