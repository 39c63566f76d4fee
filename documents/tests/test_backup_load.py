"""Copies made while people work on the site, by processes with a database of their own."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from documents.tests.copies import read

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def database(folder):
    """Yield the DATABASE_URL of an empty database of the kind that is tested."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / uuid4().hex}.sqlite3"
        return
    name, facts = f"copies_{uuid4().hex}", connection.settings_dict
    where = f"{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT']}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"postgres://{where}/{name}"
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def python(folder, url, *arguments, grace=3600):
    """Run Python on the site of that database; return (exit status, what it printed)."""
    environment = os.environ | {
        "SECRET_KEY": "",
        "DJANGO_SETTINGS_MODULE": "intranet.settings",
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(folder),
        "MEDIA_STORAGE": "disk",
        "FILE_REMOVAL_GRACE": str(grace),
        "EMAIL_URL": "dummymail://",
    }
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    return done.returncode, done.stdout


def copies_under_load(folder, count, **options):
    with database(folder) as url:
        arguments = ["-m", "documents.tests.under_load", count, folder / "copies"]
        _, printed = python(folder / "media", url, *arguments, **options)
    return json.loads(printed)


def judge(result, count):
    copies = result["copies"]
    assert not result["ended"]
    assert len(copies) == count
    assert all(copy["files"] and copy["changes"] for copy in copies)
    assert result["removed"]
    assert [copy["problem"] for copy in copies] == [""] * count
    assert [copy["missing"] for copy in copies] == [[]] * count


@pytest.mark.slow
class TestUnderLoad:
    def test_copies_are_whole_and_can_be_restored(self, tmp_path):
        judge(copies_under_load(tmp_path, 3), 3)
        copy, media = tmp_path / "copies/2", tmp_path / "restored"

        with database(tmp_path) as url:
            python(media, url, "manage.py", "migrate", "--verbosity=0")
            status, printed = python(media, url, "manage.py", "restore", copy)
            swept = python(media, url, "manage.py", "sweep_files", "--min-age=0")

        assert (status, swept[0]) == (0, 0), printed + swept[1]
        stored = {str(path.relative_to(media)) for path in media.glob("*/*")}
        assert stored == set(read(copy)["files"]["default"])

    def test_a_database_without_tables_takes_a_copy(self, tmp_path):
        with database(tmp_path) as url:
            python(tmp_path / "media", url, "manage.py", "migrate", "--verbosity=0")
            python(tmp_path / "media", url, "manage.py", "backup", tmp_path / "copy")

        with database(tmp_path) as url:
            restored = python(tmp_path / "new", url, "manage.py", "restore", tmp_path / "copy")
            again = python(tmp_path / "new", url, "manage.py", "restore", tmp_path / "copy")

        assert restored[0] == 0, restored
        assert again[0] == 0, "a site without people is empty"

    @pytest.mark.minutes
    def test_twenty_of_twenty_copies_are_whole(self, tmp_path):
        judge(copies_under_load(tmp_path, 20), 20)

    @pytest.mark.minutes
    def test_without_a_grace_each_copy_that_is_not_whole_is_found(self, tmp_path):
        copies = copies_under_load(tmp_path, 20, grace=0)["copies"]

        assert any(copy["missing"] for copy in copies), "nothing was removed while it was copied"
        assert all(bool(copy["problem"]) == bool(copy["missing"]) for copy in copies)
