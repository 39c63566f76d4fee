"""A copy that is not whole, or cannot be loaded, leaves the site as it was."""

import os

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection

from documents.tests.copies import is_empty, read, write
from intranet.files import backup
from intranet.files.disk import DiskStorage
from intranet.management.commands import restore as restoring

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def cut(copy):
    target = next(copy.glob("files/default/cvs/*"))
    target.write_bytes(target.read_bytes()[:-1])


def change_a_bit(copy):
    target = next(copy.glob("files/default/photos/*"))
    content = target.read_bytes()
    target.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def lose_a_file(copy):
    next(copy.glob("files/default/cvs/*")).unlink()


def cut_the_database(copy):
    target = next(copy.glob("database.*"))
    os.truncate(target, target.stat().st_size - 100)


def lose_the_database(copy):
    next(copy.glob("database.*")).unlink()


def lose_the_manifest(copy):
    (copy / "manifest.json").unlink()


def cut_the_manifest(copy):
    os.truncate(copy / "manifest.json", 100)


def replace_the_manifest(copy):
    (copy / "manifest.json").write_text("[]")


def link_a_file(copy):
    target = next(copy.glob("files/default/cvs/*"))
    moved = target.rename(copy.parent / "elsewhere.pdf")
    target.symlink_to(moved)


def link_the_files(copy):
    moved = (copy / "files").rename(copy.parent / "elsewhere")
    (copy / "files").symlink_to(moved)


@pytest.mark.django_db
class TestDamagedCopy:
    @pytest.mark.parametrize(
        "damage",
        [
            cut,
            change_a_bit,
            lose_a_file,
            cut_the_database,
            lose_the_database,
            lose_the_manifest,
            cut_the_manifest,
            replace_the_manifest,
            link_a_file,
            link_the_files,
        ],
    )
    def test_is_refused_and_nothing_is_touched(self, whole, restore, damage):
        damage(whole)

        status, printed = restore(whole)

        assert status == 1
        assert "The copy is not whole" in printed or "is no finished copy" in printed
        assert is_empty()

    def test_a_directory_that_is_not_there(self, tmp_path, restore):
        status, printed = restore(tmp_path / "nothing")

        assert status == 1
        assert "is no finished copy" in printed

    @pytest.mark.parametrize(
        ("label", "name"),
        [
            ("default", "../../outside.txt"),
            ("default", "/etc/hostname"),
            ("default", "cvs/../../../outside.txt"),
            ("default", ".."),
            ("default", "a\0b"),
            ("../..", "outside.txt"),
            ("/etc", "hostname"),
            ("nowhere", "cvs/a.pdf"),
        ],
    )
    def test_a_name_that_leads_out_is_refused(self, whole, restore, label, name):
        (whole.parent / "outside.txt").write_text("x")
        facts = read(whole)
        facts["files"].setdefault(label, {})[name] = [1, "2d711642"]
        write(whole, facts)

        status, printed = restore(whole)

        assert (status, is_empty()) == (1, True), printed
        assert "in use" not in printed

    def test_a_copy_of_another_engine(self, whole, restore):
        write(whole, read(whole) | {"engine": "oracle"})

        status, printed = restore(whole)

        assert status == 1
        assert f"The copy is of oracle, but this site uses {connection.vendor}." in printed

    def test_a_copy_of_a_newer_version(self, whole, restore):
        facts = read(whole)
        write(whole, facts | {"migrations": [*facts["migrations"], ["documents", "0999_new"]]})

        status, printed = restore(whole)

        assert status == 1
        assert "documents.0999_new" in printed
        assert is_empty()


def replace_the_database(copy):
    """Put something else into a copy, with a manifest that vouches for it."""
    facts = read(copy)
    database = next(copy.glob("database.*"))
    database.write_bytes(b"no database at all" * 1000)
    write(copy, facts | {"database": backup.describe(database)})


class TestFailure:
    def test_of_loading_leaves_the_site_empty(self, whole, restore):
        replace_the_database(whole)

        try:
            status, printed = restore(whole)
        finally:
            call_command("migrate", verbosity=0)

        assert status == 1
        assert "database" in printed or "archive" in printed
        assert is_empty()

    def test_of_the_database_takes_the_files_back(self, whole, restore, monkeypatch):
        def fail(source):
            raise CommandError("The database cannot be loaded.")

        monkeypatch.setattr(backup, "load", fail)

        assert restore(whole)[0] == 1
        assert is_empty()

    @pytest.mark.parametrize("error", [RuntimeError("A migration failed."), KeyboardInterrupt()])
    def test_after_the_database_says_not_to_start_the_worker(
        self, error, whole, restore, monkeypatch
    ):
        def fail(*args, **options):
            raise error

        monkeypatch.setattr(restoring, "call_command", fail)

        status, printed = restore(whole)

        assert status == 1
        assert f"{type(error).__name__}: {error}" in printed
        assert "do not start the worker" in printed

    def test_of_the_store_leaves_the_database_empty(self, whole, restore, monkeypatch):
        """A store that keeps something else than it was given."""
        save = DiskStorage._save

        def save_badly(storage, name, content):
            return save(storage, name, ContentFile(b"x"))

        monkeypatch.setattr(DiskStorage, "_save", save_badly)

        status, printed = restore(whole)

        assert status == 1
        assert "could not be stored as it is in the copy" in printed
        assert is_empty()

    def test_a_row_without_a_file_is_found_afterwards(self, whole, restore):
        facts = read(whole)
        name = next(iter(facts["files"]["default"]))
        del facts["files"]["default"][name]
        write(whole, facts)

        status, printed = restore(whole)

        assert status == 1
        assert "The site is restored, but not whole" in printed
        assert f"{name} of" in printed
