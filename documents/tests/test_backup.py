import os
import sqlite3
import stat
import subprocess
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from documents.models import Document
from documents.tests.copies import read, run
from documents.tests.factories import jpeg_bytes, make_document
from intranet.files import backup
from staff.models import Profile
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'")
on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "copies" / "today"


def back_up(target, capsys):
    return run(capsys, "backup", target)


def copied_papers(target):
    """Return the names of papers in the copy's database, by the engine's own program."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(target / "database.sqlite3")) as copy:
            return {name for (name,) in copy.execute("SELECT file FROM documents_document")}
    command = ["pg_restore", "--data-only", "--table=documents_document", "--file=-"]
    dump = target / "database.dump"
    script = subprocess.run([*command, dump], capture_output=True, text=True, check=True)
    return {word for word in script.stdout.split() if word.startswith("cvs/")}


def delete_papers_after_the_dump(monkeypatch):
    dump = backup.dump

    def dump_and_delete(path):
        rows = dump(path)
        Document.objects.all().delete()
        return rows

    monkeypatch.setattr(backup, "dump", dump_and_delete)


class TestWholeCopy:
    def test_holds_the_database_and_the_files_that_its_rows_name(self, paper, target, capsys):
        status, printed = back_up(target, capsys)

        assert status == 0
        assert copied_papers(target) == {paper.file.name}
        with paper.file.open() as file:
            assert (target / "files/default" / paper.file.name).read_bytes() == file.read()
        assert "1 file" in printed

    def test_the_manifest_says_size_and_checksum_of_each_file(self, paper, target, capsys):
        back_up(target, capsys)

        assert read(target)["files"]["default"] == {paper.file.name: [paper.size, paper.sha256]}
        assert read(target)["problems"] == []

    def test_a_photo_has_its_checksum_in_the_manifest(self, target, capsys):
        profile = make_user().profile
        profile.photo.save("face.jpg", ContentFile(jpeg_bytes()))

        status, _ = back_up(target, capsys)

        size, checksum = read(target)["files"]["default"][profile.photo.name]
        assert (status, size, len(checksum)) == (0, len(jpeg_bytes()), 64)

    def test_a_file_that_no_row_names_is_left_out(self, paper, target, capsys):
        default_storage.save("cvs/left.pdf", ContentFile(b"left over"))

        back_up(target, capsys)

        assert list(read(target)["files"]["default"]) == [paper.file.name]

    def test_a_file_that_two_rows_name_is_copied_once(self, paper, target, capsys, monkeypatch):
        Document.objects.bulk_create([Document(owner=paper.owner, file=paper.file.name)])
        copy, names = backup._copy, []
        monkeypatch.setattr(
            backup, "_copy", lambda label, name, to: names.append(name) or copy(label, name, to)
        )

        status, printed = back_up(target, capsys)

        assert status == 0
        assert "1 file" in printed
        assert names == [paper.file.name]

    def test_a_site_without_files_has_a_whole_copy(self, target, capsys):
        assert back_up(target, capsys)[0] == 0
        assert read(target)["files"] == {}

    def test_nobody_else_can_read_it(self, paper, target, capsys):
        back_up(target, capsys)

        [paper] = target.glob("files/*/*/*")
        assert stat.S_IMODE(target.stat().st_mode) == 0o700
        assert stat.S_IMODE(paper.stat().st_mode) == 0o600

    def test_an_open_directory_that_is_there_is_closed(self, target, capsys):
        target.mkdir(parents=True, mode=0o755)

        assert back_up(target, capsys)[0] == 0
        assert stat.S_IMODE(target.stat().st_mode) == 0o700


class TestMemory:
    def test_a_large_file_is_never_held_whole(self, target, capsys):
        make_document(make_user(), content=bytes(30_000_000))

        tracemalloc.start()
        try:
            back_up(target, capsys)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < 10_000_000


class TestCopyThatIsNotWhole:
    def test_names_the_file_that_is_missing(self, paper, target, capsys):
        default_storage.delete(paper.file.name)

        status, printed = back_up(target, capsys)

        assert status == 1
        assert f"{paper.file.name} of documents.Document.file {paper.pk}" in printed
        assert "FILE_REMOVAL_GRACE" in printed

    def test_the_manifest_says_so(self, paper, target, capsys):
        default_storage.delete(paper.file.name)

        back_up(target, capsys)

        assert len(read(target)["problems"]) == 1

    @pytest.mark.parametrize("content", [b"short", b"%PDF-1.3 of the same length"])
    def test_names_the_file_that_is_not_as_its_row_describes_it(
        self, paper, target, capsys, content
    ):
        Path(default_storage.path(paper.file.name)).write_bytes(content.ljust(paper.size))

        status, printed = back_up(target, capsys)

        assert status == 1
        assert f"{paper.file.name} of documents.Document.file {paper.pk}" in printed

    def test_a_missing_photo(self, target, capsys):
        profile = make_user().profile
        Profile.objects.filter(pk=profile.pk).update(photo="photos/gone.jpg")

        status, printed = back_up(target, capsys)

        assert status == 1
        assert f"photos/gone.jpg of staff.Profile.photo {profile.pk}" in printed

    @pytest.mark.parametrize("name", ["../outside.pdf", "/etc/hostname", "cvs/../../x", "cvs"])
    def test_a_name_that_leads_out_of_the_store(self, paper, target, capsys, name):
        Document.objects.filter(pk=paper.pk).update(file=name)

        status, printed = back_up(target, capsys)

        assert status == 1
        assert f"{name} of documents.Document.file {paper.pk}" in printed
        assert read(target)["files"]["default"] == {}

    def test_a_file_that_goes_while_it_is_copied(self, paper, target, capsys, monkeypatch):
        """As when copies takes longer than FILE_REMOVAL_GRACE."""
        delete_papers_after_the_dump(monkeypatch)

        status, printed = back_up(target, capsys)

        assert (status, default_storage.exists(paper.file.name)) == (1, False)
        assert paper.file.name in printed

    def test_a_grace_keeps_that_file(self, paper, target, capsys, monkeypatch, settings):
        settings.FILE_REMOVAL_GRACE = 3600
        delete_papers_after_the_dump(monkeypatch)

        assert back_up(target, capsys)[0] == 0

    def test_a_copy_that_the_disk_did_not_keep(self, paper, target, capsys, monkeypatch):
        describe = backup.describe

        def describe_cut(path):
            os.truncate(path, path.stat().st_size - 1)
            return describe(path)

        monkeypatch.setattr(backup, "describe", describe_cut)

        status, printed = back_up(target, capsys)

        assert status == 1
        assert f"{paper.file.name} of documents.Document.file {paper.pk}" in printed

    def test_a_disk_that_is_full(self, paper, target, capsys, monkeypatch):
        def full(*args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(backup, "_copy", full)

        status, printed = back_up(target, capsys)

        assert status == 1
        assert "No space left" in printed


class TestNoCopy:
    def test_into_a_directory_that_is_not_empty(self, target, capsys):
        target.mkdir(parents=True)
        (target / "notes.txt").write_text("mine")

        status, printed = back_up(target, capsys)

        assert status == 1
        assert "is not empty" in printed
        assert [path.name for path in target.iterdir()] == ["notes.txt"]

    def test_onto_a_file(self, target, capsys):
        target.parent.mkdir(parents=True)
        target.write_text("mine")

        assert back_up(target, capsys)[0] == 1
        assert target.read_text() == "mine"

    def test_into_the_store_itself(self, paper, settings, capsys):
        within = Path(settings.MEDIA_ROOT, "backup")

        status, printed = back_up(within, capsys)

        assert status == 1
        assert "within the store" in printed
        assert not within.exists()

    def test_a_crash_before_the_end_leaves_no_manifest(self, paper, target, monkeypatch):
        def crash(*args):
            raise KeyboardInterrupt

        monkeypatch.setattr(backup.os, "sync", crash)

        with pytest.raises(KeyboardInterrupt):
            call_command("backup", str(target))

        assert not (target / "manifest.json").exists()


@on_postgresql
class TestPostgreSQL:
    def test_the_files_are_those_of_the_dump(self, paper, target, capsys, monkeypatch, settings):
        """A row that comes between the list and the dump is in neither."""
        settings.FILE_REMOVAL_GRACE = 3600
        run_program = backup._run

        def meanwhile(*command):
            with closing(connection.copy()) as other, other.cursor() as cursor:
                cursor.execute("UPDATE documents_document SET file = 'cvs/later.pdf'")
            run_program(*command)

        monkeypatch.setattr(backup, "_run", meanwhile)

        assert back_up(target, capsys)[0] == 0
        assert copied_papers(target) == {paper.file.name}
        assert list(read(target)["files"]["default"]) == [paper.file.name]

    def test_the_password_is_in_no_argument(self, target, capsys, monkeypatch):
        calls = []
        monkeypatch.setitem(connection.settings_dict, "PASSWORD", "very secret")
        monkeypatch.setattr(
            backup.subprocess,
            "run",
            lambda *args, **options: calls.append((args, options)),
        )

        back_up(target, capsys)

        [[(command,), options]] = calls
        assert "very secret" not in " ".join(command)
        assert options["env"]["PGPASSWORD"] == "very secret"

    def test_without_pg_dump(self, target, capsys, monkeypatch):
        monkeypatch.setenv("PATH", "/nonexistent")

        status, printed = back_up(target, capsys)

        assert status == 1
        assert "pg_dump was not found" in printed

    def test_pg_dump_fails(self, target, tmp_path, capsys, monkeypatch):
        program = tmp_path / "pg_dump"
        program.write_text("#!/bin/sh\necho server version mismatch >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

        status, printed = back_up(target, capsys)

        assert status == 1
        assert "server version mismatch" in printed
        assert not (target / "manifest.json").exists()
