"""Copies of a site that people work on: `python -m documents.tests.under_load COPIES FOLDER`.

Runs on the empty database in DATABASE_URL. Processes upload, replace and delete papers and photos,
and the worker removes files, while one copy after the other is made in FOLDER. Before each copy
the grace of the removals asked for until then is over, and the worker is in the middle of them.
Prints JSON; test_backup_load.py judges it.
"""

import json
import multiprocessing
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

import django

CHANGERS = 3
PEOPLE = 20
COLUMNS = {"documents_document": "file", "staff_profile": "photo"}


def main(copies, folder):
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    seed()
    connections.close_all()
    forks = multiprocessing.get_context("fork")
    done = forks.Value("l", 0)
    crowd = [forks.Process(target=change_for_ever, args=[done, n]) for n in range(CHANGERS)]
    crowd.append(forks.Process(target=work))
    for process in crowd:
        process.start()
    try:
        results = [copy(Path(folder, str(number)), done) for number in range(int(copies))]
        ended = [process.exitcode for process in crowd if not process.is_alive()]
    finally:
        for process in crowd:
            process.kill()
    sys.stdout.write(json.dumps({"copies": results, "ended": ended, "removed": removed()}))


def seed():
    from staff.models import User

    for number in range(PEOPLE):
        User.objects.create_user(f"person{number}", f"person{number}@example.com")
    rng = random.Random(0)
    for _ in range(5 * PEOPLE):
        upload(rng)
        picture(rng)


def copy(folder, done) -> dict:
    """Make a copy once somebody has changed something more; say how it ended."""
    from django.core.management import CommandError, call_command
    from django.utils import timezone

    from intranet.files.models import FileRemoval

    before = done.value
    while done.value < before + 20:
        time.sleep(0.05)
    gone = removed()
    FileRemoval.objects.pending().update(due_at=timezone.now())
    for _ in range(6000):
        if removed() > gone:
            break
        time.sleep(0.01)
    changes, problem = done.value, ""
    try:
        call_command("backup", str(folder), verbosity=0, stderr=sys.stderr)
    except CommandError as error:
        problem = str(error)
    return {
        "problem": problem,
        "changes": done.value - changes,
        "removed": removed() - gone,
        "files": len(list(folder.glob("files/*/*/*"))),
        "missing": missing(folder),
    }


def removed() -> int:
    from intranet.files.models import FileRemoval

    return FileRemoval.objects.exclude(removed_at=None).count()


def missing(folder) -> list[str]:
    """Return the names in the rows of a copy whose file it lacks, found without the site's code."""
    return [
        name
        for name, checksum in rows(folder)
        if not (file := folder / "files/default" / name).exists()
        or (checksum and sha256(file.read_bytes()).hexdigest() != checksum)
    ]


def rows(folder) -> list[tuple[str, str]]:
    """Return (name, sha256 or "") of all papers and photos in the database of a copy."""
    if (database := folder / "database.sqlite3").exists():
        with closing(sqlite3.connect(database)) as copy:
            papers = copy.execute("SELECT file, sha256 FROM documents_document").fetchall()
            return (
                papers
                + copy.execute("SELECT photo, '' FROM staff_profile WHERE photo > ''").fetchall()
            )
    found = []
    for table, column in COLUMNS.items():
        command = ["pg_restore", "--data-only", f"--table={table}", "--file=-"]
        script = subprocess.check_output([*command, folder / "database.dump"], text=True)
        head, _, body = script.partition("FROM stdin;\n")
        names = head[head.rindex("(") + 1 : head.rindex(")")].split(", ")
        for line in body.partition("\n\\.\n")[0].splitlines():
            row = dict(zip(names, line.split("\t"), strict=True))
            found += [(row[column], row.get("sha256", ""))] * bool(row[column])
    return found


def work():
    from intranet.worker import Worker

    Worker().run()


def change_for_ever(done, number):
    from django.core.exceptions import ObjectDoesNotExist
    from django.db import DatabaseError

    rng = random.Random(number)
    while True:
        with suppress(ObjectDoesNotExist, DatabaseError):  # somebody else was faster
            rng.choice([upload, upload, replace, delete, picture])(rng)
            with done.get_lock():
                done.value += 1


def content(rng, kind="pdf"):
    from django.core.files.base import ContentFile

    return ContentFile(rng.randbytes(rng.randrange(1, 100_000)), f"file.{kind}")


def upload(rng):
    from documents.models import Document
    from staff.models import User

    Document.objects.create(owner=User.objects.order_by("?").first(), file=content(rng))


def replace(rng):
    from documents.models import Document

    if paper := Document.objects.order_by("?").first():
        paper.file = content(rng)
        paper.save()


def delete(rng):
    from documents.models import Document

    if paper := Document.objects.order_by("?").first():
        paper.delete()


def picture(rng):
    from staff.models import Profile

    profile = Profile.objects.order_by("?").first()
    profile.photo = content(rng, "jpg")
    profile.save()


if __name__ == "__main__":
    django.setup()
    main(*sys.argv[1:])
