"""The outbox, and what the admins are told."""

import re
from datetime import timedelta
from enum import IntEnum
from hashlib import sha256
from typing import Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import gettext_noop as _noop

from ..queue import QueueQuerySet, has_come
from ..trace.models import Traced
from ..trace.phrases import SaidField, nphrase, several
from ..trace.telling import Line, Told, named

KEY = re.compile(r"/[0-9]+/")  # in an address: that of a new row differs each time
NOTICE = "notice"  # the template of mails that go with a notice


class MailQuerySet(QueueQuerySet["Mail"]):
    at = "next_attempt_at"

    def due(self) -> Self:
        """Mails to be sent now, the most urgent first, and new ones before those that failed.

        Said as what does not wait, so that a database reads its index in that order, and stops.
        """
        waits = Q(attempts__gt=0) & ~has_come(self.at, self.longest_delay)
        queued = self.filter(~waits, status=Mail.Status.QUEUED)
        return queued.order_by("priority", "attempts", "next_attempt_at", "pk")

    def lapsed(self) -> Self:
        """Mails being sent whose lease ran out."""
        return self.filter(status=Mail.Status.SENDING).ripe(term())


def term() -> timedelta:
    """Return how long a lease runs: MAIL_LEASE is over when it has run out twice."""
    return timedelta(seconds=settings.MAIL_LEASE / 2)


class Mail(Traced):
    """One message to one address, kept until the worker has handed it to the mail server."""

    class Status(models.TextChoices):
        QUEUED = "queued", _lazy("waiting")
        SENDING = "sending", _lazy("being sent")
        SENT = "sent", _lazy("sent")
        FAILED = "failed", _lazy("failed")

    class Priority(IntEnum):
        AWAITED = 0  # somebody sits and waits for it
        INVITATION = 1
        NOTICE = 2
        POST = 3

    to = models.CharField(_lazy("to"), max_length=320)
    language = models.CharField(max_length=10, blank=True, editable=False)  # empty: of the site
    sender = models.CharField(_lazy("sender"), max_length=320)
    subject = models.CharField(_lazy("subject"), max_length=998)
    template = models.CharField(max_length=50, blank=True, editable=False)
    context = models.JSONField(default=dict, editable=False, encoder=DjangoJSONEncoder)
    message = models.BinaryField(editable=False, default=b"")  # of a mail that has no template
    message_id = models.CharField(_lazy("message ID"), max_length=255, unique=True)
    status = models.CharField(_lazy("status"), max_length=10, choices=Status, default=Status.QUEUED)
    priority = models.PositiveSmallIntegerField(default=Priority.NOTICE, editable=False)
    attempts = models.PositiveSmallIntegerField(_lazy("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_lazy("next attempt"), default=timezone.now)
    lapsed = models.BooleanField(default=False, editable=False)  # its lease ran out once
    error = SaidField(_lazy("what the server said"), blank=True)
    created_at = models.DateTimeField(_lazy("written"), default=timezone.now)
    sent_at = models.DateTimeField(_lazy("sent"), null=True, blank=True)
    text = models.TextField(blank=True, editable=False)  # what it said once sent, see kept.py

    searched = ("to", "subject", "message_id")
    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name, verbose_name_plural = _lazy("mail"), _lazy("mails")
        indexes = [
            models.Index(fields=["status", "priority", "attempts", "next_attempt_at"]),
            models.Index(fields=["-created_at", "-id"]),
            models.Index(fields=["status", "-created_at", "-id"]),  # the list, by its filter
            models.Index(fields=["sent_at"]),  # asked every second for those to be forgotten
        ]

    def __str__(self) -> str:
        return _("%(subject)s to %(address)s") % {"subject": self.subject, "address": self.to}

    @classmethod
    def told(cls, rows: "models.QuerySet[Mail]") -> Told:
        """Return who gets which mail; those that go with a notice are told there."""
        by_subject: dict[str, list[str]] = {}
        mails = rows.exclude(template=NOTICE).order_by("pk")
        facts = []
        for subject, to, context in mails.values_list("subject", "to", "context").iterator():
            by_subject.setdefault(subject, []).append(to)
            fact = KEY.sub("/new/", f"{to} {subject} {sorted(context.items())}")
            facts.append(sha256(fact.encode(errors="replace")).hexdigest())  # it may be long
        count = sum(map(len, by_subject.values()))
        if not count:
            return Told(_("Mails"), [])
        lines = [
            named(
                nphrase(
                    "%(count)d mail “%(subject)s”",
                    "%(count)d mails “%(subject)s”",
                    len(to),
                    subject=subject,
                ),
                to,
            )
            for subject, to in by_subject.items()
        ]
        people = len({it for to in by_subject.values() for it in to})
        why_ask = ""
        if people > 1:
            why_ask = str(nphrase("it mails %(count)d person", "it mails %(count)d people", people))
        said = nphrase("%(count)d mail on its way", "%(count)d mails on their way", count)
        from .mail import sample

        return Told(_("Mails"), lines, said, why_ask, sample(mails[0]), facts)

    @classmethod
    def take_back(
        cls, rows: "models.QuerySet[Mail]", is_whole: bool
    ) -> tuple[list[Line], list[str]]:
        """Withdraw what has not gone out; of an action that is half undone, to no account's.

        The mails that go with a notice stay: what was done and undone is no secret.
        """
        mails = rows.exclude(template=NOTICE)
        waiting = mails.filter(status__in=[cls.Status.QUEUED, cls.Status.FAILED])
        if not is_whole:
            waiting = waiting.exclude(to__in=get_user_model()._base_manager.values("email"))
        told = cls.told(waiting).lines
        waiting.delete()
        gone = [f"{mail} ({mail.get_status_display()})" for mail in mails]
        return told, [str(named(_("Mails that stay as they are"), gone))] if gone else []


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notice(Traced):
    """What one admin is told inside the admin."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notices",
        verbose_name=_lazy("recipient"),
    )
    message = models.CharField(_lazy("what happened"), max_length=255)
    detail = models.TextField(_lazy("details"), blank=True, help_text=_lazy("Sanitised HTML."))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_lazy("by"),
    )
    url = models.CharField(_lazy("page"), max_length=255, blank=True)
    created_at = models.DateTimeField(_lazy("when"), default=timezone.now)
    read_at = models.DateTimeField(_lazy("read"), null=True, blank=True)
    mailed_at = models.DateTimeField(_lazy("mailed"), null=True, blank=True)

    searched = ("message", "detail")
    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name, verbose_name_plural = _lazy("notice"), _lazy("notices")
        permissions = [("receive_notices", _noop("Is told what happens to people and posts"))]
        indexes = [
            models.Index(fields=["recipient", "read_at"]),
            models.Index(fields=["recipient", "-created_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.message

    @classmethod
    def told(cls, rows: "models.QuerySet[Notice]") -> Told:
        """Return who is told what, and who of them cannot sign in to read it there."""
        by_message: dict[str, list[str]] = {}
        silent: list[str] = []
        people: set[int] = set()
        facts = []
        for notice in rows.select_related("recipient").order_by("pk"):
            person = notice.recipient
            by_message.setdefault(notice.message, []).append(str(person))
            people.add(person.pk)
            facts.append(f"{person.email} {notice.message} {KEY.sub('/new/', notice.detail)}")
            silent += [] if person.is_active and person.is_staff else [str(person)]
        lines = [
            named(_("“%(text)s”") % {"text": message}, who) for message, who in by_message.items()
        ]
        lines += [named(_("by mail alone, for they cannot sign in"), silent)] if silent else []
        admins = get_user_model().objects.admins().using(rows.db).filter(pk__in=people).count()
        others = len(people) - admins
        said = several(
            nphrase("%(count)d admin told", "%(count)d admins told", admins) if admins else "",
            nphrase("%(count)d other person told", "%(count)d other people told", others)
            if others
            else "",
        )
        return Told(_("Who is told"), lines, said, facts=facts)
