"""What an engine costs: `python -m documents.comparison.bench <measure> <rows>`.

Prints numbers as JSON, most of them ratios: the median of a few repetitions over the median of
the same work without an engine, alternating in one process.
"""

import json
import os
import sys
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import django
from django.db.models import signals

REPETITIONS = 5


def main(measure, rows):
    django.setup()
    from . import databases, verdict

    databases.create()
    if measure != requesting.__name__:  # which starts its store itself
        verdict.prepare_stores()  # as a site's are since its first upload
    try:
        print(json.dumps(MEASURES[measure](int(rows))))  # noqa: T201
    finally:
        databases.drop()


def listing(rows) -> float:
    """Load all rows."""
    from .models import Paper

    _insert(rows)
    return _ratio(lambda: list(Paper.objects.all()))


def saving(rows) -> float:
    """Save rows that have a file, in one transaction."""
    from django.db import transaction

    from .models import Paper

    _insert(rows)
    papers = list(Paper.objects.all())

    @transaction.atomic
    def save():
        for paper in papers:
            paper.save()

    return _ratio(save)


def deleting(rows) -> tuple[float, float]:
    """Delete rows with files: until the request is over, and until the worker is done, too."""
    from .models import Paper
    from .verdict import housekeeping

    raw, request, total = [], [], []
    for _ in range(3):
        _insert(rows, files=True)
        raw.append(_time(_delete_raw))
        _insert(rows, files=True)
        request.append(_time(Paper.objects.all().delete))
        total.append(request[-1] + _time(lambda: housekeeping(sweep=False)))
        if any(_folder().iterdir()):
            raise RuntimeError("Files are left.")
    return median(request) / median(raw), median(total) / median(raw)


def sweeping(rows) -> float:
    """Look for files without a row and rows without a file."""
    from django.core.management import call_command

    _insert(rows, files=True)

    def sweep():
        with suppress(SystemExit):
            call_command("sweep_files", verbosity=0)

    swept, walked = zip(*((_time(sweep), _time(_walk)) for _ in range(REPETITIONS)), strict=True)
    return median(swept) / median(walked)


def requesting(rows) -> int:
    """Count the requests by which a queryset delete removes its files from S3."""
    from django.core.files.storage import default_storage

    from .models import Paper
    from .scenarios import remote
    from .verdict import housekeeping, prepare_stores, stored_files

    remote.start()
    prepare_stores()
    client, requests = default_storage.connection.meta.client, []
    for operation in ("DeleteObject", "DeleteObjects"):
        client.meta.events.register(f"before-call.s3.{operation}", lambda **_: requests.append(1))
    names = [f"papers/{number}.txt" for number in range(rows)]
    for name in names:
        client.put_object(Bucket=default_storage.bucket_name, Key=name)
    Paper.objects.bulk_create(Paper(file=name) for name in names)
    Paper.objects.all().delete()
    housekeeping(sweep=False)
    if set(stored_files(default_storage)).intersection(names):
        raise RuntimeError("Files are left.")
    return len(requests)


MEASURES = {
    measure.__name__: measure for measure in (listing, saving, deleting, sweeping, requesting)
}


def _folder() -> Path:
    from django.conf import settings

    return Path(settings.MEDIA_ROOT, "papers")


def _insert(rows, files=False):
    from .models import Paper

    names = [f"papers/{number}.txt" for number in range(rows)]
    papers = (Paper(file=name) for name in names)
    while batch := list(islice(papers, 5000)):
        Paper.objects.bulk_create(batch)
    if files:
        _folder().mkdir(parents=True, exist_ok=True)
        for name in names:
            (_folder().parent / name).touch()


def _delete_raw():
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT file FROM comparison_paper")
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute("DELETE FROM comparison_paper")
    for name in names:
        os.unlink(_folder().parent / name)  # noqa: PTH108


def _walk():
    from .models import Paper

    files = {name for _, _, names in os.walk(_folder().parent) for name in names}
    named = set(Paper.objects.values_list("file", flat=True))
    return len(files), len(named)


def _time(step) -> float:
    from django.db import connection

    # SQLite works in this process: its processor time is not disturbed by others.
    clock = process_time if connection.vendor == "sqlite" else perf_counter
    start = clock()
    step()
    return clock() - start


def _ratio(step) -> float:
    with_engine, without = [], []
    for _ in range(REPETITIONS):
        with_engine.append(_time(step))
        with _no_receivers():
            without.append(_time(step))
    return median(with_engine) / median(without)


@contextmanager
def _no_receivers():
    """Disconnect everything from model signals, in this throw-away process."""
    names = ("pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete")
    kept = {signal: signal.receivers for signal in (getattr(signals, name) for name in names)}
    for signal in kept:
        signal.receivers = []
        signal.sender_receivers_cache.clear()
    yield
    for signal, receivers in kept.items():
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


if __name__ == "__main__":
    main(*sys.argv[1:])
