"""What the worker does with files once a night: the sweep, and word of it if something is wrong."""

from contextlib import suppress
from datetime import date, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from intranet.outbox.notices import notify_admins
from intranet.wording import counted

from .models import Sweep
from .sweep import Sweeper

NIGHTS_TO_READ_ALL = 30  # each night reads the contents of one paper in so many
GIVEN_UP_AFTER = timedelta(hours=1)  # a sweep whose worker was killed is done again
SHOWN = 20


def sweep_tonight() -> bool:
    """Sweep if it is late enough and no worker has done so tonight; return whether it was done.

    Takes as long as it takes to read all names and a part of all papers.
    """
    tonight = timezone.localtime()
    if settings.SWEEP_HOUR is None or tonight.hour < settings.SWEEP_HOUR:
        return False
    mine = _claim(tonight.date())
    if mine is None:
        return False
    turn = tonight.toordinal() % NIGHTS_TO_READ_ALL
    try:
        findings = Sweeper(reads=lambda pk: pk % NIGHTS_TO_READ_ALL == turn).run()
        with transaction.atomic():
            kept = mine.update(finished_at=timezone.now(), findings=len(findings))
            if kept and findings:
                _tell_admins(findings)
    except BaseException:
        mine.delete()  # so that it is done again as soon as the worker asks
        raise
    return bool(kept)


def _claim(night: date) -> QuerySet[Sweep] | None:
    """Take on the sweep of a night; None when it is done or another worker is at it.

    The row that is returned is gone once another worker takes it over.
    """
    now = timezone.now()
    row = Sweep.objects.filter(night=night)
    mine = row.filter(started_at=now, finished_at=None)
    if not row.exists():
        with suppress(IntegrityError), transaction.atomic():
            Sweep.objects.create(night=night, started_at=now)
            return mine
        return None
    over = Q(started_at__lt=now - GIVEN_UP_AFTER) | Q(started_at__gt=now)  # the clock was set back
    given_up = row.filter(over, finished_at=None)
    return mine if given_up.exists() and given_up.update(started_at=now) else None


def _tell_admins(findings: Sweeper) -> None:
    lines = findings.lines()
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines[:SHOWN]))
    more = format_html("<p>And {} more.</p>", len(lines) - SHOWN) if len(lines) > SHOWN else ""
    advice = (
        "Nothing was changed. If an older backup was restored, files that no row names were "
        "uploaded since: keep them. The command sweep_files shows all of it."
    )
    notify_admins(
        f"The nightly check found {counted(len(lines), 'file')} out of order.",
        detail=format_html("<p>{}</p><ul>{}</ul>{}<p>{}</p>", findings, items, more, advice),
        url=reverse("admin:intranet_fileremoval_changelist"),
        using=DEFAULT_DB_ALIAS,
    )
