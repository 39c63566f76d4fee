"""What the worker does with files once a night: the sweep, and word of it if something is wrong."""

from datetime import date, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from intranet.outbox.notices import notify_admins
from intranet.trace.phrases import nphrase

from .models import Sweep
from .sweep import Sweeper

NIGHTS_TO_READ_ALL = 30  # each night reads the contents of one paper in so many
TERM = timedelta(hours=1)  # of a lease: a sweep whose worker was killed is done again
SHOWN = 20


def sweep_tonight() -> bool:
    """Sweep if it is late enough and no worker has done so tonight; return whether it was done.

    Takes as long as it takes to read all names and a part of all papers.
    """
    tonight = timezone.localtime()
    if settings.SWEEP_HOUR is None or tonight.hour < settings.SWEEP_HOUR:
        return False
    leased = _lease(tonight.date())
    if not leased:
        return False
    mine, turn = Sweep.objects.held(leased), tonight.toordinal() % NIGHTS_TO_READ_ALL
    try:
        findings = Sweeper(reads=lambda pk: pk % NIGHTS_TO_READ_ALL == turn).run()
        with transaction.atomic():
            kept = mine.update(finished_at=timezone.now(), findings=len(findings))
            if kept:
                findings.keep()
            if kept and findings:
                _tell_admins(findings)
    except BaseException:
        Sweep.objects.release(leased)  # so that it is done again as soon as the worker asks
        raise
    return bool(kept)


def _lease(night: date) -> list[Sweep]:
    """Take on the sweep of a night, unless it is done or another worker is at it."""
    Sweep.objects.get_or_create(night=night)
    return Sweep.objects.filter(night=night, finished_at=None).ripe(2 * TERM).lease(1, TERM)


def _tell_admins(findings: Sweeper) -> None:
    def message() -> str:
        text = nphrase(
            "The nightly check found %(count)d file out of order.",
            "The nightly check found %(count)d files out of order.",
            len(findings),
        )
        return str(text)

    def detail() -> str:
        lines = findings.lines()
        items = format_html_join("", "<li>{}</li>", ((line,) for line in lines[:SHOWN]))
        left = len(lines) - SHOWN
        more = nphrase("And %(count)d more.", "And %(count)d more.", left)
        return format_html(
            "<p>{}</p><ul>{}</ul><p>{}</p><p>{}</p>",
            findings,
            items,
            more if left > 0 else "",
            _(
                "Nothing was changed. If an older backup was restored, files that no row names "
                "were uploaded since: keep them."
            ),
        )

    url = reverse("admin:intranet_filefault_changelist")
    notify_admins(message, detail=detail, url=url, using=DEFAULT_DB_ALIAS)
