"""What every floor builds on: saving in one transaction, mails, links in them, and notices."""

from datetime import timedelta

from django.conf import settings
from django.contrib.messages.storage.cookie import MessageDecoder, MessageEncoder
from django.db import models, router, transaction
from django.utils import timezone

from .waiting import delay


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


class Mail(models.Model):
    """One message to one address, kept until the worker has handed it to the mail server."""

    class Status(models.TextChoices):
        QUEUED = "queued", "waiting"
        SENDING = "sending", "being sent"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"

    to = models.CharField(max_length=320)
    sender = models.CharField(max_length=320)
    subject = models.CharField(max_length=998)
    message = models.BinaryField(editable=False, help_text="Whole message; erased once sent.")
    message_id = models.CharField("message ID", max_length=255, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField("next attempt", default=timezone.now)
    lapsed = models.BooleanField(default=False, editable=False)  # its lease ran out once
    error = models.TextField("what the server said", blank=True)
    created_at = models.DateTimeField("written", default=timezone.now)
    sent_at = models.DateTimeField("sent", null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "mail"
        verbose_name_plural = "mails"
        indexes = [models.Index(fields=["status", "attempts", "next_attempt_at"])]

    def __str__(self):
        return f"{self.subject} to {self.to}"


class Trouble(models.Model):
    """Work that failed and waits for another attempt; gone once it succeeds."""

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=255)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)
    done_about = models.CharField(max_length=50, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="trouble_is_noted_once")
        ]

    def __str__(self):
        return f"{self.kind} {self.key}: {self.error}"

    @property
    def waits(self):
        """Whether its time is to come; one too far ahead is of before a clock was set back."""
        return timedelta() < self.next_attempt_at - timezone.now() <= delay(self.attempts)


class PasswordLink(models.Model):
    """The newest link by which somebody sets a password; older ones are dead."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="password_link"
    )
    made_at = models.DateTimeField("made")
    ended_at = models.DateTimeField("ended", null=True, blank=True)
    mail = models.ForeignKey(
        Mail, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        default_permissions = ()
        verbose_name = "link to set a password"
        verbose_name_plural = "links to set a password"

    def __str__(self):
        return f"link of {self.user}"


class NoticeQuerySet(models.QuerySet):
    def unread(self):
        return self.filter(read_at=None)


class Notice(models.Model):
    """What one admin is told inside the admin."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    message = models.CharField("what happened", max_length=255)
    detail = models.TextField(blank=True, help_text="Sanitised HTML.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="by",
    )
    url = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField("when", default=timezone.now)
    read_at = models.DateTimeField("read", null=True, blank=True)
    mailed_at = models.DateTimeField("mailed", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        permissions = [("receive_notices", "Is told what happens to people and posts")]
        indexes = [models.Index(fields=["recipient", "read_at"])]

    def __str__(self):
        return self.message


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
