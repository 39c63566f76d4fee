"""What the worker does with files once a night: the sweep, and word of it if something is wrong."""

from datetime import date, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from intranet.notices import notify_admins
from intranet.wording import counted

from .models import Sweep
from .sweep import Findings, Sweeper

NIGHTS_TO_READ_ALL = 30  # each night reads the contents of one paper in so many
GIVEN_UP_AFTER = timedelta(hours=1)  # a sweep whose worker was killed is done again
SHOWN = 20


def sweep_tonight() -> bool:
    """Sweep if it is late enough and no worker has done so tonight; return whether it was done."""
    tonight = timezone.localtime()
    if settings.SWEEP_HOUR is None or tonight.hour < settings.SWEEP_HOUR:
        return False
    if not _claim(tonight.date()):
        return False
    turn = tonight.toordinal() % NIGHTS_TO_READ_ALL
    findings = Sweeper(reads=lambda pk: pk % NIGHTS_TO_READ_ALL == turn).run()
    with transaction.atomic():
        if findings:
            _tell_admins(findings)
        Sweep.objects.filter(night=tonight.date()).update(
            finished_at=timezone.now(), findings=len(findings)
        )
    return True


def _claim(night: date) -> bool:
    """Take on the sweep of a night; False when it is done or another worker is at it."""
    row = Sweep.objects.filter(night=night)
    if not row.exists():
        try:
            with transaction.atomic():
                Sweep.objects.create(night=night)
        except IntegrityError:
            return False
        return True
    now = timezone.now()
    given_up = row.filter(finished_at=None, started_at__lt=now - GIVEN_UP_AFTER)
    return given_up.exists() and given_up.update(started_at=now) == 1


def _tell_admins(findings: Findings) -> None:
    lines = findings.lines()
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines[:SHOWN]))
    more = format_html("<p>And {} more.</p>", len(lines) - SHOWN) if len(lines) > SHOWN else ""
    advice = (
        "The command sweep_files shows all of it; sweep_files --remove clears what is left over."
    )
    notify_admins(
        f"The nightly check found {counted(len(lines), 'file')} out of order.",
        detail=format_html("<p>{}</p><ul>{}</ul>{}<p>{}</p>", findings, items, more, advice),
        url=reverse("admin:documents_fileremoval_changelist"),
        using=DEFAULT_DB_ALIAS,
    )
