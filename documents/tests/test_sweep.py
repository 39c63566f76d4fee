import os
import time
from collections import Counter
from copy import copy
from datetime import timedelta
from pathlib import Path
from re import fullmatch

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.db import transaction

from documents.models import Document, document_path
from documents.tests.factories import make_document, pdf_bytes
from intranet.files.fields import UPLOADS, upload_of
from intranet.files.listing import MARKER, list_files
from intranet.files.marker import NotTied, tie
from intranet.files.models import FileRemoval, Identity, Sweep
from intranet.files.nightly import sweep_tonight
from intranet.files.removal import carry_out_removals
from intranet.files.sweep import Sweeper, ask_for_removal_of
from intranet.outbox.models import Notice
from intranet.signals import long_work_due
from intranet.trace import counts
from intranet.troubles import tell_of_failing
from intranet.worker import Worker
from staff.models import Profile
from staff.photos import photo_path
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper():
    return make_document(make_user())


@pytest.fixture(autouse=True)
def tied(db):
    tie(default_storage)


def orphan(name="cvs/0123456789abcdef0123456789abcdef.pdf", hours=2):
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
    except CommandError as error:
        return error.returncode, f"{capsys.readouterr().out}{error}"
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


WAYS = [{}, {"remove": True}, {"remove": True, "force": True, "min_age": 0}]


@pytest.mark.parametrize("options", WAYS)
class TestRefusal:
    """Whatever is asked for: exit status 1, a sentence, and every file still there."""

    def assert_refused(self, capsys, options, *sentences):
        before = names_in(default_storage)

        status, output = run(capsys, **options)

        assert status == 1
        for sentence in (*sentences, "No file was touched", "sweep_files --adopt"):
            assert sentence in output
        assert before == names_in(default_storage)
        assert not FileRemoval.objects.exists()

    def test_on_an_empty_but_migrated_database(self, paper, capsys, options):
        empty_database()

        self.assert_refused(capsys, options, "is tied to another database or site")

    def test_on_the_database_of_another_site(self, paper, capsys, options):
        default_storage.delete(MARKER)
        default_storage.save(MARKER, ContentFile(b"6d0a5a1e other.example.com"))

        self.assert_refused(capsys, options, "another database or site (other.example.com)")

    def test_with_the_media_root_of_something_else(self, paper, capsys, settings, options):
        settings.MEDIA_ROOT += "-other"
        orphan()

        self.assert_refused(capsys, options, "has no marker, and holds 1 file that no row names")

    def test_with_an_empty_media_root(self, paper, capsys, settings, options):
        settings.MEDIA_ROOT += "-other"

        self.assert_refused(capsys, options, "is empty and has no marker")

    def test_of_unknown_files_when_marker_and_rows_are_missing(self, paper, capsys, options):
        empty_database()
        default_storage.delete(MARKER)

        self.assert_refused(capsys, options, "has no marker, and holds 1 file that no row names")


def empty_database():
    Document.objects.all()._raw_delete("default")
    Identity.objects.all().delete()


def names_in(storage):
    return set(list_files(storage))


@pytest.mark.parametrize("without_marker", [True, False])
def test_a_night_refuses_too(paper, settings, without_marker):
    settings.SWEEP_HOUR = 0
    empty_database()
    if without_marker:
        default_storage.delete(MARKER)

    with pytest.raises(NotTied, match="No file was touched"):
        sweep_tonight()
    assert default_storage.exists(paper.file.name)


def test_the_admins_are_told_that_a_night_refused(paper, settings):
    settings.SWEEP_HOUR = 0
    make_superuser()
    empty_database()

    Worker().let_all_work(long_work_due, Counter())
    counts.store()
    tell_of_failing()

    notice = Notice.objects.get(message__contains="Compares files and rows once a night")
    assert "is tied to another database or site (intranet.test)" in notice.detail


@pytest.mark.parametrize("option", ["remove", "adopt"])
def test_a_store_that_cannot_be_read_is_a_sentence_too(option, paper, capsys):
    default_storage.delete(MARKER)
    Path(default_storage.path(MARKER)).mkdir()

    status, output = run(capsys, **{option: True})

    assert status == 1
    assert "Is a directory" in output


class TestAdopting:
    def test_says_what_is_in_the_store_and_ties_it(self, paper, capsys):
        name = orphan()
        default_storage.delete(MARKER)
        assert run(capsys)[0] == 1

        status, output = run(capsys, adopt=True)

        assert "media): 2 files, 1 of them named by no row of this database" in output
        assert "until now tied to none" in output
        assert (status, default_storage.exists(name)) == (1, True)
        assert "has no marker" not in run(capsys)[1]

    def test_takes_over_the_store_of_another_site(self, paper, capsys):
        Identity.objects.all().delete()

        status, output = run(capsys, adopt=True)

        assert "intranet.test." in output
        assert status == 0

    def test_has_nothing_to_do_in_a_store_that_is_tied(self, paper, capsys):
        assert "Tying" not in run(capsys, adopt=True)[1]

    def test_does_not_remove_at_the_same_time(self):
        with pytest.raises(CommandError, match="not allowed with"):
            call_command("sweep_files", "--adopt", "--remove")


HEX = "0123456789abcdef0123456789abcdef"


class TestCandidates:
    @pytest.mark.parametrize(
        "name",
        [
            f"cvs/{HEX}.pdf",
            f"other/{HEX}",
            f"identity/{HEX}.jpeg",
            f"contracts/{HEX}_x7GfQ2a.docx",
            f"photos/{HEX}.jpg",
            f"photos/{HEX}_x7GfQ2a.jpg",
        ],
    )
    def test_are_names_that_an_upload_gets(self, name):
        orphan(name)

        assert Sweeper().run().orphans == [("default", name)]

    @pytest.mark.parametrize(
        "name",
        [
            "cvs/left.pdf",
            f"{HEX}.pdf",
            f"cvs/{HEX}.pdf/{HEX}.pdf",
            f"old/cvs/{HEX}.pdf",
            f"cvs/{HEX.upper()}.pdf",
            f"cvs/{HEX}.pdf\n",
            f"cvs/{HEX}.tar.gz",
            f"letters/{HEX}.pdf",
            f"photos/{HEX}.png",
            "backup.dump",
            ".DS_Store",
        ],
    )
    def test_are_no_other_names(self, name, capsys):
        path = Path(default_storage.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1, 1))

        status, output = run(capsys, remove=True, force=True, verbosity=2)

        assert path.exists()
        assert f"left alone: {name!r}" in output
        assert "1 file left alone, too young or named by no upload" in output
        assert status == 0

    def test_are_not_what_is_in_the_folder_of_another_site(self, capsys):
        theirs = orphan(f"photos/{HEX}.jpg")
        default_storage.save(f"photos/{MARKER}", ContentFile(b"somebody else"))

        assert run(capsys, remove=True, force=True)[0] == 0
        assert default_storage.exists(theirs)

    @pytest.mark.parametrize(
        ("upload_to", "name", "is_one"),
        [
            ("papers", "papers/a.txt", True),
            ("papers/", "papers/a_x7GfQ2a.txt", True),
            ("papers", "papers/2026/a.txt", False),
            ("papers", "papers2/a.txt", False),
            ("a.b", "axb/a.txt", False),
            ("", "a.txt", True),
            ("", "papers/a.txt", False),
            (lambda instance, name: name, "a.txt", False),
        ],
    )
    def test_of_any_field(self, upload_to, name, is_one):
        field = copy(Document._meta.get_field("file"))
        field.name, field.upload_to = "another", upload_to

        assert bool(fullmatch(upload_of(field).names, name)) == is_one

    def test_are_no_names_that_are_not_utf_8(self, monkeypatch):
        monkeypatch.delitem(UPLOADS, "documents.Document.file")
        monkeypatch.setattr(Document._meta.get_field("file"), "upload_to", "cvs")
        orphan_not_in_utf_8()

        findings = Sweeper().run()

        assert (findings.orphans, len(findings.left_alone)) == ([], 1)

    def test_are_what_uploads_get(self):
        owner = make_user()
        names = upload_of(Document._meta.get_field("file")).names
        for kind in Document.Kind:
            for name in ("a.pdf", "b.JPEG", "c.docx", "d.exe", "e"):
                assert fullmatch(names, document_path(Document(owner=owner, kind=kind), name))
        names = upload_of(Profile._meta.get_field("photo")).names
        assert fullmatch(names, photo_path(owner.profile, "me.png"))


def many(count, named=0):
    """Make so many files that no row names, and so many that rows name."""
    folder = Path(default_storage.path("cvs"))
    folder.mkdir(exist_ok=True)
    names = [f"cvs/{number:032x}.pdf" for number in range(count + named)]
    for name in names:
        path = Path(default_storage.path(name))
        path.touch()
        os.utime(path, (1, 1))
    owner = make_user()
    Document.objects.bulk_create(Document(owner=owner, file=name) for name in names[count:])


def count_files():
    return len(names_in(default_storage) - {MARKER})


class TestTooMany:
    @pytest.mark.parametrize(("count", "named"), [(51, 0), (51, 51), (61, 540)])
    def test_are_not_removed(self, count, named, capsys):
        many(count, named)

        status, output = run(capsys, remove=True, verbosity=0)

        assert status == 1
        assert f"{count} files of {count + named} to remove" in output
        assert "Nothing was removed" in output
        assert count_files() == count + named
        assert not FileRemoval.objects.exists()

    @pytest.mark.parametrize(("count", "named"), [(50, 0), (60, 540)])
    def test_are_more_than_fifty_and_more_than_a_tenth(self, count, named, capsys):
        many(count, named)

        run(capsys, remove=True)

        assert count_files() == named

    def test_are_removed_by_force_after_the_number_was_printed(self, capsys, monkeypatch):
        many(51)
        printed = []
        monkeypatch.setattr(
            "intranet.management.commands.sweep_files.ask_for_removal_of",
            lambda orphans: printed.append(capsys.readouterr().out) or ask_for_removal_of(orphans),
        )

        run(capsys, remove=True, force=True, verbosity=0)

        assert "51 files of 51 to remove" in printed[0]
        assert count_files() == 0

    def test_do_not_make_a_report_fail_otherwise(self, capsys):
        many(51)

        assert "Nothing was removed" not in run(capsys)[1]


class TestAnOlderBackup:
    @pytest.fixture(autouse=True)
    def restored(self, settings):
        """Upload, back the database up, upload, replace, and restore the database."""
        settings.SWEEP_HOUR = 0
        settings.FILE_REMOVAL_GRACE = 3600
        self.admin = make_superuser()
        make_document(self.admin)
        backup = transaction.savepoint()
        for _ in range(60):
            make_document(self.admin, content=b"since")
        paper = Document.objects.first()
        paper.file = ContentFile(pdf_bytes(), name="new.pdf")
        paper.save()
        transaction.savepoint_rollback(backup)
        for path in Path(default_storage.path("")).rglob("*"):
            os.utime(path, (1, 1))

    def test_loses_nothing_by_itself(self, settings):
        before = names_in(default_storage)

        sweep_tonight()
        settings.SWEEP_HOUR = None
        Worker().run_once()

        assert len(before) == 63
        assert names_in(default_storage) == before
        assert Sweep.objects.get().findings == 61

    def test_loses_nothing_by_a_sweep_without_force(self, capsys):
        assert run(capsys, remove=True)[0] == 1
        assert count_files() == 62
        assert not FileRemoval.objects.exists()

    def test_is_what_the_notice_of_the_night_warns_of(self):
        sweep_tonight()

        detail = Notice.objects.get().detail
        assert "--remove" not in detail
        assert "backup" in detail
