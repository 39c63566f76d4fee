"""Carrying out removals: deleting files that nothing names any more."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from intranet import queue
from intranet.trace.phrases import Said
from intranet.wording import said_of, words_of

from ..signals import file_removed
from .fields import delete_files, named
from .marker import check
from .models import FileRemoval

logger = logging.getLogger(__name__)

BATCH = 500  # files
NEEDED = "storage", "name", "source", "reason", "attempts"
ROUND = 1.0  # seconds
Batch = tuple[str, list[FileRemoval], str]  # storage, removals, why none may be deleted
LEASE = timedelta(minutes=15)  # after which the files of a killed process are taken up again


def carry_out_removals(using: str, *, seconds: float = ROUND, limit: int | None = None) -> int:
    """Remove files that are due, for about `seconds` and up to about `limit` files.

    Returns how many removals were dealt with, well or badly.
    """
    deadline = time.monotonic() + seconds
    done = 0
    while time.monotonic() < deadline and (limit is None or done < limit):
        if not FileRemoval.objects.using(using).due().exists():
            break
        kept, batches = _claim(using)
        if not (kept or batches):
            break  # other workers are at them
        done += kept + sum(_remove(batch, using, deadline) for batch in batches)
    return done


def purge(using: str) -> int:
    """Delete the evidence that is old enough, a piece at a time, as queue.purge does."""
    return queue.purge(FileRemoval.objects.using(using).outdated())


def _claim(using: str) -> tuple[int, list[Batch]]:
    """Close the removals of files that are still named, and lease the others to this process.

    Returns how many were closed, and (storage, removals, error) for each storage.
    """
    batches: dict[str, list[FileRemoval]] = defaultdict(list)
    kept: list[FileRemoval] = []
    errors: dict[str, str] = {}
    rows = FileRemoval.objects.using(using)
    with transaction.atomic(using=using):
        for removal in rows.due().only(*NEEDED).lease(BATCH, LEASE, error=""):
            batches[removal.storage].append(removal)
        for label, removals in batches.items():
            names, errors[label] = _still_named(label, removals)
            kept += [removal for removal in removals if removal.name in names]
            batches[label] = [removal for removal in removals if removal.name not in names]
        rows.held(kept).update(kept_at=timezone.now(), attempts=F("attempts") - 1)
    left = [(label, removals, errors[label]) for label, removals in batches.items() if removals]
    return len(kept), left


def _still_named(label: str, removals: list[FileRemoval]) -> tuple[set[str], str]:
    """Return which of the files a row names, or why that cannot be told of this storage."""
    try:
        return named(label, [removal.name for removal in removals]), ""
    except DatabaseError:
        raise
    except Exception as error:
        return set(), words_of(error)


def _remove(batch: Batch, using: str, deadline: float) -> int:
    """Delete the files until the deadline, and write down what became of each.

    Return how many it came to.
    """
    label, removals, trouble = batch
    errors: dict[str, Said] = {}
    files = {removal.name: removal.source for removal in removals}
    answers = [dict.fromkeys(files, trouble)] if trouble else _delete(label, files)
    for answer in answers:
        errors |= answer
        if time.monotonic() > deadline:
            break
    rows = FileRemoval.objects.using(using)
    removed = [removal for removal in removals if errors.get(removal.name) == ""]
    rows.held(removed).update(removed_at=timezone.now())
    undone = [removal for removal in removals if removal.name not in errors]
    rows.release(undone)
    for removal in removals:
        if error := errors.get(removal.name):
            logger.error("%s could not be removed: %s", removal.name, error)
            rows.postpone(removal, error)
    for removal in removed:
        facts = {"name": removal.name, "source": removal.source, "reason": removal.reason}
        file_removed.send_robust(FileRemoval, storage=label, **facts)
    return len(removals) - len(undone)


def _delete(label: str, files: dict[str, str]) -> Iterable[Mapping[str, Said]]:
    """Delete files as `delete_files` does, from a store that is this database's."""
    try:
        check(label)
    except Exception as error:
        return [dict.fromkeys(files, said_of(error))]
    return delete_files(label, files)
