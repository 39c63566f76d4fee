"""What every floor builds on: saving in one transaction; and the models of all rooms."""

from django.contrib.messages.storage.cookie import MessageDecoder, MessageEncoder
from django.db import models, router, transaction
from django.utils import timezone

from .access.models import PasswordLink  # noqa: F401
from .files.models import FileRemoval, Identity, Sweep  # noqa: F401
from .outbox.models import Mail, Notice  # noqa: F401
from .queue import QueueQuerySet


class AtomicModel(models.Model):
    """Saves or deletes the row and everything its receivers write in one transaction.

    A receiver's refusal undoes that much and leaves an outer transaction usable.
    """

    class Meta:
        abstract = True

    def save(self, *args, using=None, **kwargs):
        using = using or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            super().save(*args, using=using, **kwargs)

    def delete(self, using=None, keep_parents=False):
        using = using or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            return super().delete(using=using, keep_parents=keep_parents)

    delete.alters_data = True


class TrackedModel(AtomicModel):
    """Knows which fields were changed since the row was read; that makes reading a tenth slower."""

    _read = None  # names and values, until something is written

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        self._read = None  # it may yet be rolled back

    @classmethod
    def from_db(cls, db, field_names, values):
        instance = super().from_db(db, field_names, values)
        instance._read = field_names, values
        return instance

    def refresh_from_db(self, *args, **kwargs):
        super().refresh_from_db(*args, **kwargs)
        self._read = None

    def changed_fields(self) -> list[str]:
        """Return the fields that differ from the row; it is read again only after a write."""
        deferred = self.get_deferred_fields()
        fields = [it.attname for it in self._meta.concrete_fields if it.attname not in deferred]
        if self._read:
            row = dict(zip(*self._read, strict=True))
        else:
            rows = type(self)._base_manager.using(self._state.db).filter(pk=self.pk)
            row = rows.values(*fields).first()
        if row is None:
            return []
        return [name for name in fields if name not in row or row[name] != getattr(self, name)]


class TroubleQuerySet(QueueQuerySet):
    at = "next_attempt_at"


class Trouble(models.Model):
    """Work that is under way, or failed and waits for another attempt; gone once it succeeds."""

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=255)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)
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
        return f"form sent at {self.at}"
