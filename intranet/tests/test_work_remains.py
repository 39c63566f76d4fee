"""What a worker had stored that was killed before it could say so."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.utils import timezone

from intranet import progress
from intranet.admin.beside import keep_file
from intranet.files.disk import DiskStorage
from intranet.tasks import run
from intranet.tasks.models import Work
from staff.tests.factories import make_user
from staff.tests.test_exchange_export import export

pytestmark = pytest.mark.django_db


@pytest.fixture
def killed(client, monkeypatch):
    """An export whose worker was killed after it had stored the file."""
    monkeypatch.setattr("staff.admin.exchange_pages.EXPORTED_AT_ONCE", 0)
    client.force_login(make_user("hazel", roles=["HR"]))
    export(client)
    [work] = Work.objects.due().lease(1, timedelta(0), state=Work.State.RUNNING)
    work.file.save("people.csv", ContentFile(b"half of"), save=False)
    Work.objects.update(due_at=timezone.now())
    return Work.objects.get()


def stored():
    return [f"work/{it}" for it in default_storage.listdir("work")[1]]


class TestNextAttempt:
    def test_leaves_its_own_file_alone(self, killed):
        before = stored()

        run.run_due()

        killed.refresh_from_db()
        assert len(before) == 1
        assert (killed.state, killed.attempts) == (Work.State.DONE, 2)
        assert stored() == [killed.file.name] != before

    def test_leaves_none_where_it_was_cancelled_meanwhile(self, killed):
        progress.cancel(killed.pk)

        run.run_due()

        assert Work.objects.get().state == Work.State.CANCELLED
        assert stored() == []

    def test_is_made_though_the_store_is_away(self, killed, monkeypatch, caplog):
        def fail(*args):
            raise OSError("away")

        monkeypatch.setattr(DiskStorage, "delete", fail)

        run.run_due()

        assert Work.objects.get().state == Work.State.DONE
        assert "could not be deleted" in caplog.text


def test_a_worker_that_is_late_takes_no_file_from_the_one_that_took_over(killed):
    default_storage.delete(*stored())
    [other] = Work.objects.due().lease(1, timedelta(0), state=Work.State.RUNNING)
    other.file.save("people.csv", ContentFile(b"all of it"), save=False)
    answer = HttpResponse(headers={"Content-Disposition": "attachment; filename=people.csv"})

    with pytest.raises(progress.Stopped):
        keep_file(killed, answer)

    assert stored() == [other.file.name]
