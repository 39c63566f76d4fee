import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, default_storage
from django.core.management import call_command
from django.utils import timezone

from documents.listing import list_files
from documents.models import Document, FileRemoval, Sweep
from documents.nightly import sweep_tonight
from documents.sweep import Sweeper
from documents.tests.factories import make_document, pdf_bytes
from intranet.models import Mail, Notice
from staff.models import Profile
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper():
    return make_document(make_user())


def orphan(name="cvs/left.pdf", hours=2):
    default_storage.save(name, ContentFile(b"left over"))
    then = time.time() - hours * 3600
    os.utime(default_storage.path(name), (then, then))
    return name


def orphan_not_in_utf_8():
    path = Path(default_storage.path("cvs"), os.fsdecode(b"lat\xfcn.pdf"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (1, 1))


def run(capsys, **options):
    """Return the exit status and what the command printed."""
    try:
        call_command("sweep_files", **options)
    except SystemExit as exit:
        return exit.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


class TestFindings:
    def test_nothing_is_wrong_with_a_paper_and_its_file(self, paper):
        findings = Sweeper().run()

        assert not findings
        assert (findings.files, findings.rows) == (1, 1)

    def test_a_file_that_no_row_names(self, paper):
        name = orphan()

        assert Sweeper().run().orphans == [("default", name)]

    def test_a_young_file_may_belong_to_an_open_transaction(self, paper):
        orphan(hours=0)

        assert not Sweeper().run()
        assert Sweeper(min_age=timedelta(0)).run()

    def test_a_file_that_is_about_to_be_removed_is_no_finding(self, paper):
        FileRemoval.objects.create(storage="default", name=orphan(), reason="deleted")

        assert not Sweeper().run()

    def test_a_row_whose_file_is_missing(self, paper):
        default_storage.delete(paper.file.name)

        assert Sweeper().run().missing == [
            f"{paper.file.name} of documents.Document.file {paper.pk}"
        ]

    def test_a_file_stored_after_the_listing_is_not_missing(self, paper, monkeypatch):
        monkeypatch.setattr("documents.listing.list_files", lambda storage: [])

        assert not Sweeper().run()

    def test_a_file_of_another_size(self, paper):
        Path(paper.file.path).write_bytes(b"short")

        assert "it has 5 bytes instead of" in Sweeper().run().changed[0]

    def test_a_file_with_other_contents_of_the_same_size(self, paper):
        Path(paper.file.path).write_bytes(b"x" * paper.size)

        assert "do not match the checksum" in Sweeper().run().changed[0]
        assert not Sweeper(reads=lambda pk: False).run()

    def test_a_replacement_by_a_bulk_update_shows_both_ends(self, paper):
        new = default_storage.save("cvs/new.pdf", ContentFile(pdf_bytes()))
        Document.objects.filter(pk=paper.pk).update(file=new, sha256="")

        findings = Sweeper(min_age=timedelta(0)).run()

        assert findings.orphans == [("default", paper.file.name)]


class TestNothingLiveIsSeenTwice:
    def test_through_a_link_to_a_folder_of_the_same_storage(self, paper):
        Path(default_storage.path("alias")).symlink_to(default_storage.path("cvs"))
        Path(default_storage.path("up")).symlink_to(Path(default_storage.path("")).parent)

        assert not Sweeper(min_age=timedelta(0)).run()

    def test_through_a_storage_around_its_own(self, paper, settings, monkeypatch):
        inner = FileSystemStorage(location=default_storage.path("inner"))
        monkeypatch.setattr(Profile._meta.get_field("photo"), "storage", inner)
        inner.save("me.jpg", ContentFile(b"x"))
        Profile.objects.update(photo="me.jpg")

        assert not Sweeper(min_age=timedelta(0)).run()

    def test_through_another_path_to_its_storage(self, paper, tmp_path, monkeypatch):
        (tmp_path / "link").symlink_to(default_storage.path(""))
        other = FileSystemStorage(location=tmp_path / "link")
        monkeypatch.setattr(Profile._meta.get_field("photo"), "storage", other)

        assert not Sweeper(min_age=timedelta(0)).run()

    def test_what_the_file_system_keeps_for_itself_is_no_finding(self, paper):
        Path(default_storage.path("lost+found")).mkdir()
        Path(default_storage.path("lost+found/x")).touch()

        assert not Sweeper(min_age=timedelta(0)).run()


class TestListing:
    def test_a_storage_without_a_shortcut_is_walked(self):
        storage = InMemoryStorage()
        storage.save("a.txt", ContentFile(b"1"))
        storage.save("b/c/d.txt", ContentFile(b"2"))

        assert {name for name, _ in list_files(storage)} == {"a.txt", "b/c/d.txt"}

    def test_a_folder_that_does_not_exist_yet_is_empty(self):
        assert list(list_files(default_storage._wrapped)) == []


class TestCommand:
    def test_is_silent_about_its_exit_when_all_is_well(self, paper, capsys):
        status, output = run(capsys)

        assert status == 0
        assert output.startswith("1 file and 1 row compared: 0 files")

    def test_reports_and_changes_nothing(self, paper, capsys):
        name = orphan()

        status, output = run(capsys)

        assert status == 1
        assert f"no row names {name} (storage default)" in output
        assert default_storage.exists(name)
        assert not FileRemoval.objects.exists()

    def test_removes_what_no_row_names(self, paper, capsys):
        name = orphan()

        status, _ = run(capsys, remove=True)

        assert status == 1
        assert not default_storage.exists(name)
        assert FileRemoval.objects.get().status == "removed"
        assert run(capsys)[0] == 0

    def test_reports_a_name_that_is_not_utf_8_and_removes_the_others(self, capsys):
        name = orphan()
        orphan_not_in_utf_8()

        _, output = run(capsys, remove=True)

        assert r"no row names cvs/lat\udcfcn.pdf" in output
        assert "1 file whose name is not UTF-8 cannot be removed" in output
        assert not default_storage.exists(name)

    def test_says_nothing_when_told_so(self, capsys):
        orphan()

        assert run(capsys, verbosity=0) == (1, "")

    def test_can_leave_the_contents_unread(self, paper, capsys):
        Path(paper.file.path).write_bytes(b"x" * paper.size)

        assert run(capsys)[0] == 1
        assert run(capsys, checksums=False)[0] == 0


class TestNightly:
    @pytest.fixture(autouse=True)
    def late_enough(self, settings):
        settings.SWEEP_HOUR = 0

    def test_tells_admins_when_something_is_wrong(self):
        make_superuser(email="root@example.com")
        Mail.objects.all().delete()
        name = orphan()

        assert sweep_tonight()

        notice = Notice.objects.get()
        assert notice.message == "The nightly check found 1 file out of order."
        assert name in notice.detail
        assert Mail.objects.get().to == "root@example.com"
        assert default_storage.exists(name)

    def test_tells_of_a_name_that_is_not_utf_8(self):
        make_superuser()
        orphan_not_in_utf_8()

        assert sweep_tonight()

        assert r"lat\udcfcn.pdf" in Notice.objects.get().detail

    def test_stays_silent_when_all_is_well(self, paper):
        make_superuser()

        assert sweep_tonight()

        assert not Notice.objects.exists()
        assert Sweep.objects.get().finished_at

    def test_is_done_once_a_night(self):
        assert sweep_tonight()
        assert not sweep_tonight()

    def test_is_left_to_the_worker_that_is_at_it(self):
        Sweep.objects.create(night=timezone.localdate())

        assert not sweep_tonight()

    def test_is_done_again_when_its_worker_was_killed(self):
        started_at = timezone.now() - timedelta(hours=2)
        Sweep.objects.create(night=timezone.localdate(), started_at=started_at)

        assert sweep_tonight()

    def test_waits_for_the_hour(self, settings):
        settings.SWEEP_HOUR = 24

        assert not sweep_tonight()
