"""The nightly sweep beside the worker's rounds, and when something goes wrong with it."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from threading import Event

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from documents.models import Document
from documents.tests.factories import make_document
from documents.tests.sweeping import orphan
from intranet.files import nightly
from intranet.files.marker import tie
from intranet.files.models import FileFault, Sweep
from intranet.files.nightly import sweep_tonight
from intranet.files.sweep import Sweeper
from intranet.outbox.models import Mail, Notice
from intranet.signals import long_work_due
from intranet.tests.outbox import send
from intranet.tests.smtp import wait_until
from intranet.tests.test_mail import message
from intranet.tests.working import InTurns
from intranet.trace import counts
from intranet.troubles import tell_of_failing
from intranet.worker import Worker
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def late_enough(settings, db):
    settings.SWEEP_HOUR = 0
    tie(default_storage)


class TestSweepTonight:
    def test_is_done_again_when_it_raised(self, monkeypatch):
        def fail(self):
            raise OSError("The disk is gone.")

        with monkeypatch.context() as patch, pytest.raises(OSError, match="gone"):
            patch.setattr(Sweeper, "run", fail)
            sweep_tonight()

        assert sweep_tonight()
        assert Sweep.objects.get().finished_at

    def test_is_done_again_when_the_clock_was_set_back(self):
        due_at = timezone.now() + timedelta(days=1)
        Sweep.objects.create(night=timezone.localdate(), attempts=1, due_at=due_at)

        assert sweep_tonight()

    def test_is_told_by_one_when_another_worker_took_it_over(self, monkeypatch):
        make_superuser()
        orphan()
        run_alone, others = Sweeper.run, []

        def run(sweeper):
            if not others:
                others.append("at it")
                Sweep.objects.update(due_at=timezone.now())
                others.append(sweep_tonight())
            return run_alone(sweeper)

        monkeypatch.setattr(Sweeper, "run", run)

        assert [sweep_tonight(), others[1]] == [False, True]
        assert Notice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestNightlyBesideTheRounds:
    @pytest.fixture
    def worker(self, monkeypatch):
        """Return a worker whose rounds wait for the sweep to be begun, and then go on."""
        worker = InTurns()

        def lease(night, lease=nightly._lease):
            leased = lease(night)
            worker.take_turn()
            return leased

        monkeypatch.setattr(nightly, "_lease", lease)
        return worker

    def test_mail_goes_out_while_it_reads(self, worker, monkeypatch, mailoutbox):
        sent, rounds_ended = [], Event()

        def read_for_long(sweeper):
            send([message()])
            with suppress(AssertionError):
                wait_until(lambda: mailoutbox)
            sent.append(len(mailoutbox))
            worker.stop()
            rounds_ended.wait(10)
            return sweeper

        monkeypatch.setattr(Sweeper, "run", read_for_long)

        worker.run()
        rounds_ended.set()
        worker.long_work.join(30)

        assert sent == [1]
        assert Sweep.objects.get().finished_at

    def test_one_run_of_the_worker_ends_with_the_sweep_done(self, worker):
        assert worker.run_once()["other"] == 1
        assert Sweep.objects.get().finished_at

    def test_the_admins_are_told_once_when_it_raises(self, monkeypatch):
        def fail(sweeper):
            raise OSError("The disk is gone.")

        monkeypatch.setattr(Sweeper, "run", fail)
        make_superuser()

        for _ in range(2):
            worker, done = Worker(), Counter()
            worker.let_all_work(long_work_due, done)
            assert done["errors"] == 1
            counts.store()
            tell_of_failing()

        notice = Notice.objects.get(message__contains="Compares files and rows once a night")
        assert "The disk is gone." in notice.detail


class TestNightly:
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

    def test_keeps_what_it_found_until_the_next_night(self, client):
        paper = make_document(root := make_superuser())
        stray, kept = orphan(), orphan("cvs/" + 32 * "a" + ".pdf")
        default_storage.delete(paper.file.name)
        client.force_login(root)
        sweep_tonight()
        page = "/admin/intranet/filefault/"
        shown = client.get(f"{page}?attention=rows_without_file").content.decode()
        assert "it is missing" in shown
        assert f"/admin/documents/document/{paper.pk}/change/" in shown
        found = client.get(f"{page}?attention=files_without_row").context["cl"].queryset
        assert {it.name for it in found} == {stray, kept}

        Document.objects.all().delete()
        default_storage.delete(stray)
        Sweep.objects.all().delete()
        sweep_tonight()

        assert [it.name for it in FileFault.objects.all()] == [kept]

    def test_says_what_is_wrong_in_the_language_of_whoever_reads_it(self, client):
        root = make_superuser(language="de")
        default_storage.delete(make_document(root).file.name)

        sweep_tonight()

        client.force_login(root)
        assert "sie fehlt" in client.get("/admin/intranet/filefault/").content.decode()
        assert ": sie fehlt" in Notice.objects.get().detail
        assert FileFault.objects.get().fault == "it is missing"

    def test_shows_a_file_of_a_model_that_is_no_more(self, client):
        client.force_login(make_superuser())
        FileFault.objects.create(name="x.pdf", source="gone.Thing.file", row_key="1", fault="gone")

        assert "gone.Thing.file" in client.get("/admin/intranet/filefault/").content.decode()

    def test_forgets_the_files_that_are_to_be_removed(self):
        orphan()
        sweep_tonight()

        with suppress(SystemExit):
            call_command("sweep_files", remove=True, verbosity=0)

        assert not FileFault.objects.exists()

    def test_stays_silent_when_all_is_well(self):
        make_superuser()
        make_document(make_user())

        assert sweep_tonight()

        assert not Notice.objects.exists()
        assert Sweep.objects.get().finished_at

    def test_is_done_once_a_night(self):
        assert sweep_tonight()
        assert not sweep_tonight()

    def test_is_left_to_the_worker_that_is_at_it(self):
        Sweep.objects.create(night=timezone.localdate())
        Sweep.objects.all().lease(1, nightly.TERM)

        assert not sweep_tonight()

    def test_is_done_again_when_its_worker_was_killed(self):
        Sweep.objects.create(night=timezone.localdate())
        Sweep.objects.all().lease(1, -nightly.TERM)

        assert sweep_tonight()

    def test_waits_for_the_hour(self, settings):
        settings.SWEEP_HOUR = 24

        assert not sweep_tonight()
