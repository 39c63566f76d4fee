"""Files and rows compared: what is found, what is not, and what the command says."""

from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from documents.models import Document
from documents.tests.factories import make_document, pdf_bytes
from documents.tests.sweeping import orphan, orphan_not_in_utf_8, run
from intranet.files.listing import list_files
from intranet.files.models import FileRemoval
from intranet.files.removal import carry_out_removals
from intranet.files.sweep import Sweeper
from staff.models import Profile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tied")]


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
        assert len(Sweeper().run().left_alone) == 1
        assert Sweeper(min_age=timedelta(0)).run()

    def test_a_file_that_is_about_to_be_removed_is_no_finding(self, paper):
        FileRemoval.objects.create(storage="default", name=orphan(), reason="deleted")

        assert not Sweeper().run()

    def test_a_row_whose_file_is_missing(self, paper):
        default_storage.delete(paper.file.name)

        assert Sweeper().run().wrong == [
            f"{paper.file.name} of documents.Document.file {paper.pk} ({paper.owner}, cv.pdf): "
            "it is missing"
        ]

    def test_many_missing_files_are_asked_for_together(self, paper, django_assert_num_queries):
        default_storage.delete(paper.file.name)
        with CaptureQueriesContext(connection) as one:
            Sweeper().run()
        for _ in range(3):
            default_storage.delete(make_document(paper.owner).file.name)

        with django_assert_num_queries(len(one)):
            findings = Sweeper().run()

        assert len(findings.wrong) == 4

    def test_a_row_that_goes_while_files_are_compared_lacks_nothing(self, paper):
        gone = make_document(paper.owner)
        for it in (paper, gone):
            default_storage.delete(it.file.name)
        rows = Document.objects.all()
        sweeper = Sweeper()
        names = sweeper.compare_rows(Document._meta.get_field("file"), rows, set())
        [*islice(names, 2)]
        rows.filter(pk=gone.pk)._raw_delete(rows.db)

        assert [*names] == []
        assert [key for _name, _source, key, *_ in sweeper.faults] == [paper.pk]

    def test_a_file_stored_after_the_listing_is_not_missing(self, paper, monkeypatch):
        monkeypatch.setattr("intranet.files.listing.list_files", lambda storage: [])

        assert not Sweeper().run()

    def test_a_file_of_another_size(self, paper):
        Path(paper.file.path).write_bytes(b"short")

        assert "it has 5 bytes instead of" in Sweeper().run().wrong[0]

    def test_a_file_with_other_contents_of_the_same_size(self, paper):
        Path(paper.file.path).write_bytes(b"x" * paper.size)

        assert "do not match the checksum" in Sweeper().run().wrong[0]
        assert not Sweeper(reads=lambda pk: False).run()

    def test_a_paper_that_cannot_be_read_keeps_no_other_back(self, paper, monkeypatch):
        damaged = make_document(paper.owner)
        Path(paper.file.path).write_bytes(b"x" * paper.size)
        name, open_file = damaged.file.name, FileSystemStorage.open

        def fail(storage, asked, mode="rb"):
            if asked == name:
                raise OSError(5, "Input/output error")
            return open_file(storage, asked, mode)

        monkeypatch.setattr(FileSystemStorage, "open", fail)

        assert sorted(line.partition(": ")[2] for line in Sweeper().run().wrong) == [
            "it cannot be read (OSError: [Errno 5] Input/output error)",
            "its contents do not match the checksum",
        ]

    def test_a_paper_whose_file_is_a_link_to_nothing(self, paper):
        Path(paper.file.path).unlink()
        Path(paper.file.path).symlink_to("/nowhere/to/be/found")

        assert "cannot be read (FileNotFoundError" in Sweeper().run().wrong[0]

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

    @pytest.mark.parametrize("links", [["cvs"], ["cvs", "other"], ["other", "cvs"]])
    def test_through_links_to_a_folder_elsewhere(self, links, paper, tmp_path):
        folder = Path(default_storage.path("cvs")).rename(tmp_path / "disk")
        for link in links:
            Path(default_storage.path(link)).symlink_to(folder)

        assert not Sweeper(min_age=timedelta(0)).run()

    def test_when_its_own_folder_is_the_link(self, paper):
        Path(default_storage.path("cvs")).rename(default_storage.path("other"))
        Path(default_storage.path("cvs")).symlink_to(default_storage.path("other"))

        assert not Sweeper(min_age=timedelta(0)).run()

    def test_through_links_elsewhere_that_go_round(self, paper, tmp_path):
        one, two = tmp_path / "one", tmp_path / "two"
        for folder, other in ((one, two), (two, one)):
            folder.mkdir()
            (folder / "itself").symlink_to(folder)
            (folder / "other").symlink_to(other)
        Path(default_storage.path("link")).symlink_to(one)

        assert Sweeper(min_age=timedelta(0)).run().files == 1

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
    def test_a_folder_that_does_not_exist_yet_is_empty(self, tmp_path):
        assert list(list_files(FileSystemStorage(tmp_path / "none"))) == []


class TestCommand:
    def test_is_silent_about_its_exit_when_all_is_well(self, paper, capsys):
        status, output = run(capsys)

        assert status == 0
        assert output.startswith("1 file compared; 0 files")

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

    def test_leaves_a_name_that_is_not_utf_8_alone_and_removes_the_others(self, capsys):
        name = orphan()
        orphan_not_in_utf_8()

        _, output = run(capsys, remove=True, verbosity=2)

        assert r"left alone: 'cvs/lat\udcfcn.pdf'" in output
        assert not default_storage.exists(name)

    def test_removes_later_where_files_are_kept_for_a_while(self, settings, capsys):
        settings.FILE_REMOVAL_GRACE = 3600
        name = orphan()

        _, output = run(capsys, remove=True)
        carry_out_removals("default")

        assert "1 file to be removed 1 hour after this;" in output
        assert default_storage.exists(name)

    def test_says_nothing_when_told_so(self, capsys):
        orphan()

        assert run(capsys, verbosity=0) == (1, "")

    def test_can_leave_the_contents_unread(self, paper, capsys):
        Path(paper.file.path).write_bytes(b"x" * paper.size)

        assert run(capsys)[0] == 1
        assert run(capsys, no_checksums=True)[0] == 0
