"""What a sweep does not touch: another site's files, too many, and those of an older backup."""

import os
from collections import Counter
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction

from documents.models import Document
from documents.tests.factories import make_document, pdf_bytes
from documents.tests.sweeping import names_in, orphan, run
from intranet.files.listing import MARKER
from intranet.files.marker import NotTied
from intranet.files.models import FileRemoval, Identity, Sweep
from intranet.files.nightly import sweep_tonight
from intranet.files.sweep import ask_for_removal_of
from intranet.outbox.models import Notice
from intranet.signals import long_work_due
from intranet.trace import counts
from intranet.troubles import tell_of_failing
from intranet.worker import Worker
from staff.tests.factories import make_superuser, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tied")]
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
