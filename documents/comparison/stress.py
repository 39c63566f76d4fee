"""Random changes and sudden deaths: `python -m documents.comparison.stress <seconds>`.

Four processes create, replace, copy, move, delete and roll back at random, and one of them is
killed with -9 about once a second. Then worker and sweep have their turn, and nothing may be
lost or left. Prints JSON: how many changes and kills there were, what was lost and what leaked.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import django

PROCESSES = 4
GRACE = 5  # seconds of FILE_REMOVAL_GRACE on PostgreSQL, longer than any transaction here


def main(seconds):
    django.setup()
    from django.conf import settings
    from django.db import connections

    from . import databases, verdict

    log = Path(settings.SCRATCH, "changes")
    databases.create()
    try:
        verdict.prepare_stores()
        connections.close_all()
        kills = torment(float(seconds), log)
        verdict.housekeeping(sweep=True)
        lost, leaked = verdict.inspect()
    finally:
        databases.drop()
    done = log.read_bytes()
    result = {"changes": len(done), "kills": kills, "errors": done.count(b"!")}
    print(json.dumps({**result, "lost": sorted(lost), "leaked": sorted(leaked)}))  # noqa: T201


def torment(seconds, log) -> int:
    """Keep the processes running until the time is up; return how many were killed."""
    rng = random.Random()  # noqa: S311
    processes = [_start(log) for _ in range(PROCESSES)]
    deadline, kills = time.monotonic() + seconds, 0
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, rng.uniform(0.5, 1.5)))
        victim = processes.pop(rng.randrange(PROCESSES))
        _kill(victim)
        kills += 1
        processes.append(_start(log))
    for process in processes:
        _kill(process)
    return kills


def _start(log) -> int:
    pid = os.fork()
    if not pid:
        try:
            change_for_ever(random.Random(), log)  # noqa: S311
        finally:
            os._exit(1)
    return pid


def _kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if not os.WIFSIGNALED(status):
        raise RuntimeError("A process ended by itself.")


def change_for_ever(rng, log):
    """Make one change after another; a third of them is rolled back."""
    from django.db import IntegrityError, OperationalError, transaction

    from .lab import rolled_back

    with log.open("ab", buffering=0) as done:
        while True:
            outcome = rng.choice([transaction.atomic, rolled_back, suppress])
            try:
                # Deadlocks, and two who save the same row after it was deleted.
                with suppress(OperationalError, IntegrityError), outcome():
                    rng.choice(CHANGES)(rng)
                done.write(b".")
            except Exception:
                traceback.print_exc()
                done.write(b"!")


def _pick():
    from .models import Paper

    return Paper.objects.order_by("?").first()


def create(rng):
    from .lab import paper
    from .models import Paper

    if Paper.objects.count() < 200:
        paper(f"n{rng.randrange(10**6)}")


def replace(rng):
    from .lab import replace

    if row := _pick():
        replace(row, f"n{rng.randrange(10**6)}")


def clear(rng):
    if row := _pick():
        row.file = ""
        row.save()


def copy(rng):
    """Give another row the file of this one, in one transaction."""
    from django.db import transaction

    from .models import Copy, Paper

    with transaction.atomic():
        if row := _pick():
            rng.choice([Copy, Paper]).objects.create(file=row.file.name)


def swap(rng):
    from django.db import transaction

    with transaction.atomic():
        first, second = _pick(), _pick()
        if first and second and first != second:
            first.file, second.file = second.file.name, first.file.name
            first.save()
            second.save()


def delete(rng):
    if row := _pick():
        row.delete()


def delete_many(rng):
    from .models import Copy, Paper

    model = rng.choice([Copy, Paper])
    model.objects.filter(
        pk__in=list(model.objects.order_by("?").values_list("pk", flat=True)[:5])
    ).delete()


def work(rng):
    from .verdict import work_due

    work_due.send(sender=None)


CHANGES = [create, create, create, replace, replace, clear, copy, copy, swap]
CHANGES += [delete, delete_many, work]

if __name__ == "__main__":
    main(*sys.argv[1:])
