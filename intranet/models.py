"""What every floor builds on: saving in one transaction; and the models of all rooms."""

from collections.abc import Collection
from functools import partial

from django.conf import settings
from django.contrib.messages.storage.cookie import MessageDecoder, MessageEncoder
from django.db import models, router, transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .access.models import PasswordLink  # noqa: F401
from .collecting import Collector
from .files.models import FileFault, FileRemoval, Identity, Sweep  # noqa: F401
from .outbox.models import Mail, Notice  # noqa: F401
from .progress import undisturbed
from .queue import QueueQuerySet
from .tables.models import KeptTable  # noqa: F401
from .tasks.models import Work  # noqa: F401
from .trace.action import batched
from .trace.models import Action, Change, ReceiverDay  # noqa: F401
from .trace.phrases import SaidField


class AtomicQuerySet(models.QuerySet):
    """Deletes rows and writes all about it in one transaction, as one action."""

    def delete(self):
        """Delete as usual, but faster; a refusal leaves an outer transaction usable."""
        self._for_write, it = True, self.query
        with undisturbed(), batched(self.db):
            if it.is_sliced or it.distinct_fields or it.combinator or self._fields is not None:
                return super().delete()  # which says what is wrong
            rows = self.using(self.db).order_by().select_related(None)
            collector = Collector(self.db, origin=self)
            collector.collect(rows)
            self._result_cache = None
            return collector.delete()

    delete.alters_data = True
    delete.queryset_only = True


class AtomicModel(models.Model):
    """Saves or deletes the row and everything its receivers write in one transaction.

    A receiver's refusal undoes that much and leaves an outer transaction usable.
    """

    objects = AtomicQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, using=None, **kwargs):
        using = using or router.db_for_write(type(self), instance=self)
        with batched(using):
            super().save(*args, using=using, **kwargs)

    def delete(self, using=None, keep_parents=False):
        using = using or router.db_for_write(type(self), instance=self)
        with batched(using):
            return super().delete(using=using, keep_parents=keep_parents)

    delete.alters_data = True


class TrackedModel(AtomicModel):
    """Knows which fields were changed since; that makes reading a tenth slower."""

    _read = (), ()  # names and values, as they are in the row for all we know

    class Meta:
        abstract = True

    def save(self, *args, update_fields=None, **kwargs):
        is_new = self._state.adding
        super().save(*args, update_fields=update_fields, **kwargs)
        note = partial(self._note, self._values(update_fields))
        note() if is_new else transaction.on_commit(note, using=self._state.db)

    @classmethod
    def from_db(cls, db, field_names, values):
        instance = super().from_db(db, field_names, values)
        instance._read = field_names, values
        return instance

    def refresh_from_db(self, using=None, fields=None, **kwargs):
        super().refresh_from_db(using, fields, **kwargs)
        self._note(self._values(fields))

    def changed_fields(self) -> list[str]:
        """Return the fields that were changed and differ from the row, which is asked only then."""
        read, now = dict(zip(*self._read, strict=True)), self._values()
        changed = [name for name in now if name not in read or read[name] != now[name]]
        rows = type(self)._base_manager.using(self._state.db).filter(pk=self.pk)
        row = (rows.values(*changed).first() if changed else None) or now
        return [name for name in changed if row[name] != now[name]]

    def note_saved(self) -> None:
        """Take what the row was just given for what is in it."""
        self._note(self._values())

    def _values(self, fields: Collection[str] | None = None) -> dict[str, object]:
        """Return the values of `fields`, all that are loaded by default, by attribute."""
        loaded = [field for field in self._meta.concrete_fields if field.attname in vars(self)]
        chosen = [
            it for it in loaded if fields is None or it.name in fields or it.attname in fields
        ]
        values = {field.attname: getattr(self, field.attname) for field in chosen}
        return {name: it.name if isinstance(it, FieldFile) else it for name, it in values.items()}

    def _note(self, values: dict[str, object]) -> None:
        read = dict(zip(*self._read, strict=True)) | values
        self._read = tuple(read), tuple(read.values())


class TroubleQuerySet(QueueQuerySet):
    at = "next_attempt_at"


class Trouble(models.Model):
    """Work that is under way, or failed and waits for another attempt; gone once it succeeds."""

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=255)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    error = SaidField(blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    objects = TroubleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="trouble_is_noted_once")
        ]

    def __str__(self):
        return f"{self.kind} {self.key}: {self.error}"


class SentForm(models.Model):
    """A form that was carried out, and how it was answered, should it be sent once more."""

    key = models.CharField(max_length=64, primary_key=True)
    status = models.PositiveSmallIntegerField(default=0)
    location = models.TextField(blank=True)
    content = models.TextField(blank=True)
    messages = models.JSONField(default=list, encoder=MessageEncoder, decoder=MessageDecoder)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"form sent at {self.at}"  # not shown


class SavedView(models.Model):
    """What somebody chose for a list: its columns, under no name, or a filter, under its name."""

    history = None

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=100)  # the list: "app.model"
    name = models.CharField(max_length=60, blank=True)
    query = models.TextField(blank=True)
    columns = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        verbose_name, verbose_name_plural = _("saved filter"), _("saved filters")
        constraints = [
            models.UniqueConstraint(fields=["person", "page", "name"], name="view_has_one_name")
        ]

    def __str__(self):
        return f"{self.page} {self.name}".strip()


class Digest(models.Model):
    """What an admin was told of what needs attention, and the last day on which that was looked at.

    `told` holds the keys of the rows by item, {"failed_mails": [4, 7]}; those that need attention
    no longer are forgotten.
    """

    recipient = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest"
    )
    day = models.DateField(null=True)
    told = models.JSONField(default=dict)

    history = None

    class Meta:
        default_permissions = ()
        verbose_name = _("daily mail")
        verbose_name_plural = _("daily mails")

    def __str__(self):
        return f"digest of {self.recipient}"  # not shown
