"""What is asked twice, as by a double click, is found out once."""

import pytest

from documents.tests.factories import make_document
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.pages import sign_in
from staff.models import User
from staff.tests.factories import make_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_are_many")]
PEOPLE = "/admin/staff/user/"
PAPERS = "/admin/documents/document/"


def ask(client, rows, action="delete_selected", url=PEOPLE):
    return client.post(url, {"action": action, "_selected_action": [it.pk for it in rows]})


class TestAsking:
    @pytest.mark.parametrize("state", [Work.State.WAITING, Work.State.RUNNING])
    def test_twice_leads_to_the_first(self, client, people, state):
        first = ask(client, people)
        Work.objects.update(state=state)

        second = ask(client, people)

        assert Work.objects.count() == 1
        assert second.url == first.url

    def test_anew_what_was_answered_is_found_out_anew(self, client, people):
        ask(client, people)
        run.run_due()

        ask(client, people)

        assert Work.objects.open().count() == 1

    def test_something_else_is_another_piece_of_work(self, client, people):
        ask(client, people)
        ask(client, people, "deactivate")

        assert Work.objects.count() == 2

    def test_is_everybodys_own(self, client, people):
        ask(client, people)
        ask(sign_in(make_superuser("second")), people)

        assert Work.objects.values("person").distinct().count() == 2

    def test_is_not_what_is_done_already(self, client, people):
        ask(client, people)
        Work.objects.update(writes=True)

        ask(client, people)

        assert Work.objects.count() == 2


def test_a_zip_that_is_asked_for_twice_is_written_once(client, people, monkeypatch):
    monkeypatch.setattr("documents.admin.documents.LONG", 2)
    papers = [make_document(it) for it in User.objects.all()[:3]]

    first, second = (ask(client, papers, "download_zip", PAPERS) for _ in range(2))

    assert Work.objects.count() == 1
    assert second.url == first.url
