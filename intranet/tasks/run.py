"""Doing a piece of work: leased, watched beside, and ended once.

What it writes and that it is done are one transaction. So a worker that is killed leaves nothing
behind but maybe a file, which the next attempt deletes, and whoever takes the work up does it for
the first time. Whatever carries the keys of work to a worker, the rows are the truth: a key that
comes twice is harmless, a lost one is sent again.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connections, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_tasks import task, task_backends

from .. import life, progress, queue
from ..languages import language_of, speaking
from ..locks import aside
from ..outbox.models import Notice
from ..vetoes import Veto, is_collision
from ..wording import labelled, words_of
from .models import Work, stored_name, term

logger = logging.getLogger(__name__)

ANSWERED_BY = "intranet.admin.beside.answer"
BEAT = 1  # seconds between two looks at what is under way
ATTEMPTS = 3  # of work whose worker was ended, or that a lock kept from being done
KEPT_DAYS = 7
State = Work.State


@task
def run(key: str) -> bool:
    """Do one piece of work, unless another worker is at it or it has ended."""
    return _do(Work.objects.due().filter(pk=key))


def run_due(stopping: Callable[[], bool] = bool) -> int:
    """Do what is due, piece by piece, until nothing is; return how many pieces that were."""
    done = 0
    while not stopping() and _do(Work.objects.due(), stopping):
        done += 1
    return done


def _do(due: Any, stopping: Callable[[], bool] = bool) -> bool:
    leased = due.lease(1, term(), state=State.RUNNING)
    for work in leased:
        with speaking(language_of(work.person)), suppress(progress.Stopped):
            _attempt(work, stopping)
    return bool(leased)


def _attempt(work: Work, stopping: Callable[[], bool]) -> None:
    try:
        delete_remains(work)
        if progress.is_cancelled(work.pk):
            raise progress.Cancelled
        if work.attempts > ATTEMPTS:
            raise Veto(_("Its worker was ended three times in the middle of it."))
        with watched(work, stopping):
            import_string(ANSWERED_BY)(work)
    except progress.Cancelled:
        end(work, State.CANCELLED)
    except progress.Stopped:
        if stopping():  # else another worker has it, or it took its own row away
            Work.objects.open().release([work], state=State.WAITING)
    except (Veto, PermissionDenied) as error:
        end(work, State.FAILED, error=str(error) or _("You may not do this."))
    except BaseException as error:
        logger.exception("work %s failed", work.pk)
        again = isinstance(error, OperationalError) or is_collision(error)
        if again and work.attempts < ATTEMPTS:
            Work.objects.open().postpone(work, words_of(error), state=State.WAITING)
        else:
            end(work, State.FAILED, error=words_of(error))


def delete_remains(work: Work) -> None:
    """Delete what attempts before this one stored, which were killed before they could end."""
    for attempt in range(1, work.attempts):
        name = stored_name(Work(pk=work.pk, attempts=attempt), "")
        try:
            work.file.storage.delete(name)
        except Exception:
            logger.exception("%s, if it is there, could not be deleted", name)


def end(work: Work, state: str, result: str = "", **values: object) -> None:
    """Write down how it ended, and tell whoever asked, unless the action that it did tells them.

    Raises Stopped if another worker has it.
    """
    with transaction.atomic():
        ended = {"state": state, "ended_at": timezone.now(), "request": b"", "error": "", **values}
        if state != State.CANCELLED:
            notice = told_by(values.get("action"), work) or told_the_end(work, state, result)
            ended["notice"] = notice.pk
        if not Work.objects.open().held([work]).update(**ended):
            raise progress.Stopped


def told_by(action: object, work: Work) -> Notice | None:
    """Return what the action that it did, if any, tells whoever asked, as the plan of it said."""
    return Notice.objects.filter(recipient=work.person, action=action).first() if action else None


def told_the_end(work: Work, state: str, result: str) -> Notice:
    longest = Notice._meta.get_field("message").max_length
    said = labelled(work, result or State(state).label)[:longest]
    return Notice.objects.create(recipient=work.person, message=said, url=work.page)


@contextmanager
def watched(work: Work, stopping: Callable[[], bool]) -> Iterator[None]:
    """Show beside the block how far it is, hold its lease, and end it when it is to."""
    now, over = progress.Progress(), Event()
    third = term().total_seconds() / 3

    def watch() -> None:
        lasts = monotonic() + third
        while not over.wait(BEAT):
            if stopping():
                now.ends = progress.Stopped
            life.sign()
            try:
                if monotonic() > lasts and renew(work):
                    lasts = monotonic() + third
                if progress.is_cancelled(work.pk):
                    now.ends = progress.Cancelled
                progress.show(work.pk, now)
            except Exception as error:  # what it asks is away for a moment: the work goes on
                logger.warning("Work %s cannot be watched: %s", work.pk, error)
                connections.close_all()
        connections.close_all()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with progress.counting(now):
            yield
    finally:
        over.set()
        watcher.join()


def renew(work: Work) -> bool:
    """Hold the lease for longer, unless somebody has locked the database, as the work itself may.

    It waits for nobody, so that the progress is seen and Cancel heard meanwhile.
    """
    with aside():
        Work.objects.open().held([work]).update(due_at=timezone.now() + term())
        return True
    return False


def is_ours() -> bool:
    """Return whether the workers of this site lease the work, and no other engine sends for it."""
    return getattr(task_backends["default"], "leases_rows", False)


def send_again() -> int:
    """Send for work that waits for longer than a lease: what was sent got lost, or its worker."""
    lost = Work.objects.due().filter(due_at__lt=timezone.now() - term())
    keys = list(lost.values_list("pk", flat=True)[:100])
    Work.objects.due().filter(pk__in=keys).update(due_at=timezone.now())  # unless begun since
    for key in keys:
        run.enqueue(str(key))
    return len(keys)


def end_all_open() -> int:
    """Cancel whatever waits or is under way, but for mails; return how many pieces that were."""
    return Work.objects.open().filter(mails=0).cancel()


def forget_old() -> int:
    """Delete what ended so long ago that nobody comes back for it."""
    oldest = timezone.now() - timedelta(days=KEPT_DAYS)
    return queue.purge(Work.objects.filter(ended_at__lt=oldest))
