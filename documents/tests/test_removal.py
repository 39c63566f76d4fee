import threading
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.tests.factories import make_document
from intranet.files.disk import DiskStorage
from intranet.files.marker import tie
from intranet.files.models import FileRemoval, Identity
from intranet.files.removal import LEASE, carry_out_removals, purge
from intranet.languages import speaking
from intranet.signals import file_removed, work_due
from intranet.worker import Worker
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db
SOURCE = "documents.Document.file"


@pytest.fixture(autouse=True)
def tied(db):
    tie(default_storage)


def make_removal(name="", **fields):
    """Ask for the removal of a file; a new one unless its name is given."""
    name = name or default_storage.save("cvs/a.pdf", ContentFile(b"x"))
    values = {"storage": "default", "source": SOURCE, "reason": "deleted", **fields}
    return FileRemoval.objects.create(name=name, **values)


def make_stubborn():
    """Return the removal of something that cannot be removed: a folder that is not empty."""
    default_storage.save("cvs/full/a.pdf", ContentFile(b"x"))
    return make_removal("cvs/full")


def hours_ago(hours):
    return timezone.now() - timedelta(hours=hours)


class TestCarryOutRemovals:
    def test_removes_the_file_and_stamps_the_removal(self):
        removal = make_removal()

        assert carry_out_removals("default") == 1

        removal.refresh_from_db()
        assert removal.removed_at
        assert not default_storage.exists(removal.name)

    def test_keeps_what_a_row_names(self):
        paper = make_document(make_user())
        removal = make_removal(paper.file.name)

        carry_out_removals("default")

        removal.refresh_from_db()
        assert removal.status == "kept"
        assert default_storage.exists(paper.file.name)

    def test_takes_no_notice_of_names_on_other_storages(self):
        paper = make_document(make_user())
        make_removal(paper.file.name, storage="attic", source="")

        carry_out_removals("default")

        assert default_storage.exists(paper.file.name)

    def test_waits_when_the_store_belongs_to_another_database(self):
        removal = make_removal()
        Identity.objects.all().delete()

        Worker().run_once()

        removal.refresh_from_db()
        assert removal.status == "failed"
        assert "is tied to another database or site" in removal.error
        with speaking("de"):
            removal.refresh_from_db()
        assert "gehört zu einer anderen Datenbank" in removal.error
        assert default_storage.exists(removal.name)

    def test_waits_when_the_database_is_a_copy_at_another_host(self, settings):
        removal = make_removal()
        settings.SITE_URL = "https://staging.test"

        Worker().run_once()

        removal.refresh_from_db()
        assert removal.status == "failed"
        assert default_storage.exists(removal.name)

    def test_is_made_up_for_when_the_store_was_adopted(self, settings):
        removal = make_removal()
        settings.SITE_URL = "https://renamed.test"
        carry_out_removals("default")

        tie(default_storage)
        FileRemoval.objects.update(due_at=timezone.now())
        carry_out_removals("default")

        assert not default_storage.exists(removal.name)

    def test_waits_until_it_is_due(self):
        make_removal(due_at=hours_ago(-1))

        assert carry_out_removals("default") == 0

    def test_a_failure_keeps_its_error_and_waits_longer_each_time(self):
        removal = make_stubborn()
        waits = []

        for attempts in (1, 2, 3):
            FileRemoval.objects.update(due_at=timezone.now())
            carry_out_removals("default")
            removal.refresh_from_db()
            assert removal.attempts == attempts
            waits.append(removal.due_at - timezone.now())

        assert removal.status == "failed"
        assert "not empty" in removal.error
        assert waits[1] > 1.5 * waits[0]
        assert waits[2] > 1.5 * waits[1]

    def test_a_failure_does_not_hold_up_the_others(self):
        make_stubborn()
        other = make_removal()

        assert carry_out_removals("default") == 2

        assert not default_storage.exists(other.name)

    def test_a_storage_that_cannot_be_opened_does_not_hold_up_the_others(self, settings):
        backend = {"BACKEND": "no.such.Storage"}
        settings.STORAGES = {**settings.STORAGES, "broken": backend}
        removal, other = make_removal("cvs/a", storage="broken"), make_removal()

        assert carry_out_removals("default") == 2

        removal.refresh_from_db()
        assert "no.such" in removal.error
        assert removal.due_at > timezone.now()
        assert not default_storage.exists(other.name)

    def test_a_storage_that_cannot_be_compared_loses_no_file(self, monkeypatch):
        paper = make_document(make_user())
        removal = make_removal(paper.file.name)

        def fail(label):
            raise OSError("The disk is asleep.")

        monkeypatch.setattr("intranet.files.fields.find_storage", fail)
        carry_out_removals("default")
        monkeypatch.undo()

        removal.refresh_from_db()
        assert "asleep" in removal.error
        assert default_storage.exists(paper.file.name)

    @pytest.mark.parametrize("waited", [{}, {"attempts": 1, "error": "The disk is asleep."}])
    def test_a_clock_set_back_by_a_day_strands_no_file(self, settings, waited):
        settings.FILE_REMOVAL_GRACE = 3600
        removal = make_removal(due_at=timezone.now() + timedelta(days=1), **waited)

        assert carry_out_removals("default") == 1

        assert not default_storage.exists(removal.name)

    def test_a_clock_that_jumps_lets_two_workers_remove_a_file_in_peace(self, monkeypatch):
        removal, delete, others = make_removal(), DiskStorage.delete, []

        def delete_beside_another(storage, name):
            if not others:
                others.append(name)
                FileRemoval.objects.update(due_at=timezone.now())
                others.append(carry_out_removals("default"))
            delete(storage, name)

        monkeypatch.setattr(DiskStorage, "delete", delete_beside_another)

        assert carry_out_removals("default") == 1

        removal.refresh_from_db()
        assert (others[1], removal.status, removal.error) == (1, "removed", "")

    def test_a_storage_that_is_gone_is_a_failure(self):
        removal = make_removal(storage="attic")

        carry_out_removals("default")

        removal.refresh_from_db()
        assert "There is no storage 'attic' any more." in removal.error

    def test_an_answer_for_all_files_counts_for_all_however_long_it_took(self, monkeypatch):
        removals = [make_removal("cvs/a", storage="attic"), make_removal("cvs/b", storage="attic")]
        monkeypatch.setattr(
            "intranet.files.removal.words_of", lambda error: time.sleep(0.1) or "slow"
        )

        carry_out_removals("default", seconds=0.1)

        for removal in removals:
            removal.refresh_from_db()
            assert removal.status == "failed"

    def test_a_file_of_a_field_that_is_gone_is_removed(self):
        removal = make_removal(source="documents.Document.scan")

        carry_out_removals("default")

        assert not default_storage.exists(removal.name)

    def test_a_name_outside_the_storage_is_a_failure(self):
        removal = make_removal("../../etc/passwd")

        carry_out_removals("default")

        removal.refresh_from_db()
        assert "SuspiciousFileOperation" in removal.error

    def test_stops_when_its_time_is_over_and_leaves_the_rest_due(self):
        rows = [make_removal() for _ in range(3)]

        assert carry_out_removals("default", seconds=1e-9) == 0
        assert FileRemoval.objects.due().count() == len(rows)

    def test_stops_after_about_so_many_files(self, monkeypatch):
        monkeypatch.setattr("intranet.files.removal.BATCH", 2)
        for _ in range(5):
            make_removal()

        assert carry_out_removals("default", limit=2) == 2
        assert FileRemoval.objects.due().count() == 3

    def test_one_that_was_cut_short_is_done_again_after_its_lease(self):
        removal = make_removal(attempts=1, due_at=timezone.now() + LEASE)

        assert removal.status == "removing"
        assert carry_out_removals("default") == 0

        FileRemoval.objects.update(due_at=timezone.now())

        assert carry_out_removals("default") == 1

    def test_asks_the_rows_once_for_many_files(self):
        def queries(count):
            for _ in range(count):
                make_removal()
            with CaptureQueriesContext(connection) as queries:
                carry_out_removals("default")
            return len(queries)

        assert queries(1) == queries(20)

    @pytest.mark.django_db(transaction=True)
    def test_leaves_alone_what_another_worker_has_locked(self):
        if not connection.features.has_select_for_update_skip_locked:
            pytest.skip("needs SKIP LOCKED")
        removal = make_removal()
        counts = []

        def work():
            counts.append(carry_out_removals("default", seconds=60))
            connection.close()

        with transaction.atomic():
            list(FileRemoval.objects.select_for_update())
            worker = threading.Thread(target=work)
            worker.start()
            worker.join(60)  # for ever, if it waited for the lock

        assert counts == [0]
        assert default_storage.exists(removal.name)


class TestFileRemoved:
    def test_tells_what_went(self):
        told = []

        def note(sender, **kwargs):
            told.append({key: kwargs[key] for key in ("storage", "name", "source", "reason")})

        file_removed.connect(note)
        removal = make_removal()

        carry_out_removals("default")

        assert told == [
            {"storage": "default", "name": removal.name, "source": SOURCE, "reason": "deleted"}
        ]

    def test_is_silent_about_what_was_kept_or_failed(self, caplog):
        make_removal(make_document(make_user()).file.name)
        make_stubborn()

        carry_out_removals("default")

        assert "removed cvs/" not in caplog.text

    def test_is_logged(self, caplog):
        removal = make_removal()

        carry_out_removals("default")

        assert f"removed {removal.name} from default ({SOURCE}, deleted)" in caplog.text

    def test_a_failing_receiver_stops_nothing(self):
        def fail(sender, **kwargs):
            raise ValueError

        file_removed.connect(fail)
        make_removal()
        make_removal()

        assert carry_out_removals("default") == 2


class TestRemoveDueFiles:
    def test_is_part_of_the_workers_round(self):
        removal = make_removal()

        work_due.send(sender=None)

        assert not default_storage.exists(removal.name)


class TestPurge:
    def test_deletes_old_evidence_alone(self, settings):
        settings.FILE_REMOVAL_KEEP_DAYS = 1
        make_removal("cvs/1", removed_at=hours_ago(25))
        make_removal("cvs/2", kept_at=hours_ago(25))
        make_removal("cvs/3", removed_at=hours_ago(23))
        make_removal("cvs/4", created_at=hours_ago(99), error="no", attempts=9)

        assert purge("default") == 0  # of which nobody hears
        assert set(FileRemoval.objects.values_list("name", flat=True)) == {"cvs/3", "cvs/4"}
