"""Whoever waits is told when no worker is there, and is not when one is at something long."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from intranet import life, locks, progress
from intranet.doctor import examine
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.worker import Worker
from staff.tests.factories import make_superuser

pytestmark = pytest.mark.django_db
LATE = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def begin_anew(monkeypatch):
    monkeypatch.setattr(life, "_next", 0.0)


def seen(ago: timedelta) -> None:
    caches["progress"].set("worker", timezone.now() - ago, None)


class TestSign:
    def test_is_given_by_a_worker_with_nothing_to_do(self):
        seen(LATE)

        Worker().work_a_round()

        assert life.silence() == 0

    def test_is_given_now_and_then(self):
        life.sign()
        seen(LATE)
        life.sign()

        assert life.silence() == 10

    def test_is_given_while_a_piece_of_work_lasts(self, monkeypatch):
        seen(LATE)
        monkeypatch.setattr(run, "BEAT", 0.01)
        monkeypatch.setattr(run.progress, "show", lambda *args: shown.append(args))
        work, shown = Work(), []

        with run.watched(work, bool):
            while not shown:
                pass

        assert life.silence() == 0

    def test_is_given_while_what_was_done_cannot_be_noted(self, monkeypatch):
        seen(LATE)
        monkeypatch.setattr(locks, "REST", 0)
        monkeypatch.setattr(locks, "connection", SimpleNamespace(in_atomic_block=False))
        monkeypatch.setattr(locks, "close_old_connections", lambda: None)
        answers = iter([OperationalError("database is locked"), None])

        def write():
            if error := next(answers):
                raise error
            return 1

        locks.persisting(write)

        assert life.silence() == 0

    def test_that_cannot_be_given_stops_nobody(self, monkeypatch, caplog):
        monkeypatch.setattr(life, "caches", {})

        life.sign()

        assert life.silence() == 0
        assert "cannot be seen" in caplog.text


class TestSilence:
    @pytest.mark.parametrize(("minutes", "said"), [(5, 0), (6, 6), (90, 90)])
    def test_is_told_after_six_minutes(self, minutes, said):
        seen(timedelta(minutes=minutes))

        assert life.silence() == said

    def test_is_as_long_as_somebody_waits_where_no_worker_ever_was(self):
        caches["progress"].clear()

        assert life.silence() == 0
        assert life.silence(timezone.now() - LATE) == 10


class TestShown:
    @pytest.fixture
    def root(self, client):
        root = make_superuser()
        client.force_login(root)
        return root

    def progress(self, client, work):
        return client.get(reverse("admin:work_progress", args=[work.pk])).json()

    @pytest.mark.parametrize("state", ["waiting", "running"])
    @pytest.mark.parametrize("mails", [0, 300])
    def test_on_the_page_of_work(self, client, root, state, mails):
        work = Work.objects.create(person=root, state=state, mails=mails)
        seen(timedelta(0))
        before = self.progress(client, work)["goes_on"]
        seen(LATE)
        says = "No worker has been at work for 10 minutes. Tell whoever looks after the site."

        assert before.startswith("You may leave this page: the work goes on")
        assert self.progress(client, work)["goes_on"] == says
        page = client.get(work.page).content.decode()
        assert says in page
        assert "the work goes on" not in page

    def test_as_work_that_is_not_under_way(self, client, root):
        work = Work.objects.create(person=root, state="running")
        seen(LATE)

        assert self.progress(client, work)["says"] == "Waits to begin"

    def test_by_the_doctor(self, root):
        seen(LATE)

        [found] = [it for it in examine(quick=True) if str(it.title) == "A worker is at work"]

        assert found.findings[0].what == "No worker has been at work for 10 minutes."
        assert "manage.py worker" in found.findings[0].to_do

    def test_on_the_first_page(self, client, root):
        seen(LATE)

        page = client.get("/admin/")

        assert "No worker has been at work for 10 minutes." in page.content.decode()
        assert page.context["attention"][0]["url"] == reverse("doctor")


class TestOtherWork:
    def waits(self, client):
        root = make_superuser()
        client.force_login(root)
        other = Work.objects.create(person=root, state="running", due_at=timezone.now() - LATE)
        work = Work.objects.create(person=root)
        address = reverse("admin:work_progress", args=[work.pk])
        return other, lambda: client.get(address).json()["says"]

    def test_whose_worker_is_gone_is_not_under_way(self, client):
        _other, says = self.waits(client)

        assert says() == "Waits to begin"

    def test_whose_lease_cannot_be_renewed_while_it_writes_is(self, client):
        other, says = self.waits(client)
        progress.show(other.pk, progress.Progress())

        assert says() == "Waits to begin: other work is under way"

    def test_that_was_shown_long_ago_is_not(self, client, monkeypatch):
        other, says = self.waits(client)
        progress.show(other.pk, progress.Progress())
        monkeypatch.setattr(progress, "FRESH", 0)

        assert says() == "Waits to begin"

    def test_whose_lease_holds_is(self, client):
        other, says = self.waits(client)
        Work.objects.filter(pk=other.pk).update(due_at=timezone.now() + LATE)

        assert says() == "Waits to begin: other work is under way"
