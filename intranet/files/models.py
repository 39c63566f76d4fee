"""Files that have to go, the nightly comparison, and which database this is."""

from contextlib import suppress
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Self
from uuid import uuid4

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..queue import QueueQuerySet
from ..trace.models import Traced
from ..trace.phrases import SaidField, nphrase
from ..trace.telling import Line, Told
from ..wording import labelled, when_files_go

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)  # doubled each time


class FileRemovalQuerySet(QueueQuerySet["FileRemoval"]):
    first_delay, longest_delay = FIRST_WAIT, LONGEST_WAIT

    def pending(self) -> Self:
        """Removals that are still to be carried out, now or at another attempt."""
        return self.filter(removed_at=None, kept_at=None)

    def due(self) -> Self:
        longest = LONGEST_WAIT + timedelta(seconds=settings.FILE_REMOVAL_GRACE)
        return self.pending().ripe(longest).order_by("due_at", "pk")

    def outdated(self) -> Self:
        """Removals that were closed so long ago that nobody needs them as evidence."""
        limit = timezone.now() - timedelta(days=settings.FILE_REMOVAL_KEEP_DAYS)
        return self.filter(Q(removed_at__lt=limit) | Q(kept_at__lt=limit))

    def failed(self) -> Self:
        """Removals whose last attempt failed; each is tried again when it is due."""
        return self.in_states(["failed"])

    def in_states(self, states: list[str]) -> Self:
        """Removals whose `status` is one of `states`."""
        pending = Q(removed_at=None, kept_at=None)
        conditions = {
            "removed": Q(removed_at__isnull=False),
            "kept": Q(kept_at__isnull=False),
            "failed": pending & ~Q(error=""),
            "removing": pending & Q(error="", attempts__gt=0),
            "waiting": pending & Q(error="", attempts=0),
        }
        chosen = [conditions[state] for state in states if state in conditions]
        return self.filter(reduce(or_, chosen)) if chosen else self


class FileRemoval(Traced):
    """A file that must go: written with the change that orphans it, carried out after commit."""

    class Reason(models.TextChoices):
        DELETED = "deleted", _("its row was deleted")
        REPLACED = "replaced", _("it was replaced or cleared")
        ORPHANED = "orphaned", _("no row named it")

    storage = models.CharField(
        _("store"), max_length=255, help_text=_("Which storage holds the file.")
    )
    name = models.CharField(_("file"), max_length=1024)
    whose = models.CharField(_("whose file"), max_length=255, blank=True)
    size = models.PositiveBigIntegerField(_("size"), null=True, editable=False)  # if a row knew it
    source = models.CharField(_("field"), max_length=255)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = SaidField(_("error"), blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    kept_at = models.DateTimeField(
        _("kept"),
        null=True,
        blank=True,
        help_text=_("When it turned out that a row still names it."),
    )

    searched = ("whose", "name")
    objects = FileRemovalQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        db_table = "documents_fileremoval"
        verbose_name = _("file removal")
        verbose_name_plural = _("file removals")
        indexes = [
            models.Index(fields=["removed_at", "due_at"]),
            models.Index(
                fields=["kept_at"], condition=Q(kept_at__isnull=False), name="removal_was_not_done"
            ),
            models.Index(fields=["-created_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> str:
        """One of removed, kept, failed, removing (or killed while at it) and waiting."""
        if self.removed_at:
            return "removed"
        if self.kept_at:
            return "kept"
        if self.error:
            return "failed"
        return "removing" if self.attempts else "waiting"

    @classmethod
    def told(cls, rows: "models.QuerySet[FileRemoval]") -> Told:
        """Return how many files go, how large they are, and what they were."""
        sources: dict[str, int] = {}
        total = 0
        for label, name, source, size in rows.values_list("storage", "name", "source", "size"):
            sources[source] = sources.get(source, 0) + 1
            total += size_on_disk(label, name) if size is None else size
        if not sources:
            return Told(gettext("Files"), [])
        count = sum(sources.values())
        whole = nphrase(
            "%(count)d file (%(size)s) removed from the store %(when)s",
            "%(count)d files (%(size)s) removed from the store %(when)s",
            count,
            size=filesizeformat(total),
            when=when_files_go(),
        )
        lines = [Line(str(whole))]
        lines += [
            Line(labelled(in_plain_words(it), number_format(number)))
            for it, number in sorted(sources.items())
        ]
        said = nphrase("%(count)d file removed", "%(count)d files removed", count)
        return Told(gettext("Files"), lines, said, gettext("it removes a file"))


class Sweep(models.Model):
    """One night's comparison of storage and database; one worker does it for all."""

    night = models.DateField(unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    findings = models.PositiveIntegerField(default=0)

    objects = QueueQuerySet.as_manager()

    class Meta:
        db_table = "documents_sweep"
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        ordering = ["-night"]

    def __str__(self) -> str:
        return str(self.night)


class FileFault(models.Model):
    """What the last nightly comparison found: a file that no row names, or a row's that is wrong.

    `source` and `row_key` say which row; they are empty for a file that none names.
    """

    storage = models.CharField(_("store"), max_length=255, blank=True)
    name = models.CharField(_("file"), max_length=1024)
    source = models.CharField(_("field"), max_length=255, blank=True)
    row_key = models.CharField(_("row"), max_length=64, blank=True)
    size = models.PositiveBigIntegerField(_("size"), null=True)  # of one that no row names
    stored_at = models.DateTimeField(_("stored"), null=True)  # this, too
    fault = models.TextField(_("what is wrong"), blank=True)
    said = models.JSONField(default=list, editable=False)  # that, in any language

    history = None

    class Meta:
        ordering = ["pk"]
        default_permissions = ("view", "delete")
        verbose_name = _("file out of order")
        verbose_name_plural = _("files out of order")

    def __str__(self) -> str:
        return self.name


class Identity(models.Model):
    """Which database this is, in one row: the marker in each of its stores says the same."""

    value = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        db_table = "documents_identity"
        verbose_name = verbose_name_plural = _("identity of the database")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.value)


def size_on_disk(label: str, name: str) -> int:
    """Return the bytes of a file; 0 when it is gone, or in a bucket, which would take a while."""
    from .fields import find_storage

    with suppress(LookupError, OSError):
        storage = find_storage(label)
        return storage.size(name) if isinstance(storage, FileSystemStorage) else 0
    return 0


def in_plain_words(source: str) -> str:
    """Return what people call a file of "app.Model.field"; unknown ones stay as they are."""
    from .fields import UPLOADS

    if not source:
        return gettext("a file that nothing named")
    if (upload := UPLOADS.get(source)) and upload.called:
        return capfirst(str(upload.called))
    try:
        model, _, name = source.rpartition(".")
        opts = apps.get_model(model)._meta
        return labelled(capfirst(opts.verbose_name), opts.get_field(name).verbose_name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return source
