"""Work beside the page as it is seen: its page, the list, the sidebar and the first page."""

import zlib

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from intranet import progress
from intranet.outbox.mail import queue
from intranet.tasks import run
from intranet.tasks.models import Work, term
from intranet.tests.test_work import LATER, PEOPLE, SOON, after, ask, asked, confirm
from intranet.trace.action import batched, begin
from intranet.trace.phrases import phrase
from staff.models import Profile
from staff.tests.factories import make_superuser, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_are_many")]


class TestPages:
    def test_are_for_whoever_asked(self, client, people):
        _response, work = ask(client, people)
        client.force_login(make_user("hazel", roles=["HR"]))

        pages = [
            client.get(f"/admin/intranet/work/{work.pk}/{it}/") for it in ("answer", "progress")
        ]

        assert {it.status_code for it in pages} == {404}
        assert "Delete: 3" not in client.get("/admin/intranet/work/").content.decode()

    def test_show_nobody_what_they_lost_the_right_to(self, client, people):
        hazel = make_user("hazel", roles=["HR"])
        client.force_login(hazel)
        asked(client, people, "leaves")
        work = Work.objects.get()
        pages = [f"/admin/intranet/work/{work.pk}/{it}/" for it in ("answer", "change")]

        before = [client.get(it).status_code for it in pages]
        hazel.groups.remove(Group.objects.get(name="HR"))
        after = [client.get(it).status_code for it in pages]

        assert (before, after) == ([200, 200], [404, 403])

    def test_that_ask_the_same_anew_are_answered_anew(self, client, people):
        keys = [it.pk for it in people]
        for day in (SOON, LATER, SOON):
            sent = {"action": "leaves", "_selected_action": keys, "post": "yes", "left_on": day}
            client.post(PEOPLE, sent | {"_ask": "yes"})
            run.run_due()
            question = Work.objects.get(state=Work.State.ASKS)
            confirm(
                client, client.get(question.page.replace("change", "answer")), "leaves", left_on=day
            )
            run.run_due()

        done = Work.objects.filter(writes=True).values_list("state", flat=True)
        assert (*done,) == 3 * (Work.State.DONE,)
        assert str(Profile.objects.get(user=people[0]).left_on) == SOON

    def test_keep_nothing_that_the_session_is_known_by(self, client, people):
        client.post(
            PEOPLE,
            {
                "csrfmiddlewaretoken": "x" * 64,
                "action": "delete_selected",
                "_selected_action": [it.pk for it in people],
            },
        )

        assert "x" * 64 not in zlib.decompress(Work.objects.get().request).decode()

    def test_say_how_far_it_is(self, client, people):
        _response, work = ask(client, people)
        Work.objects.update(state=Work.State.RUNNING)
        before = how_far(client, work)
        now = progress.Progress()
        now.done, now.total, now.doing = 1, 3, phrase("Undoing")
        progress.show(work.pk, now)

        assert before == {"done": 0, "total": 0, "waits": False, "says": "Under way"}
        assert how_far(client, work) == {"done": 1, "total": 3, "waits": False, "says": "Undoing"}

    def test_say_what_they_wait_for(self, client, people, root):
        _response, work = ask(client, people)
        before = how_far(client, work)
        Work.objects.create(person=root, state=Work.State.RUNNING, due_at=timezone.now() + term())

        assert before == {"done": 0, "total": 0, "waits": True, "says": "Waits to begin"}
        assert how_far(client, work)["says"] == "Waits to begin: other work is under way"
        assert "Waits to begin: other work is under way" in client.get(work.page).content.decode()

    def test_lead_on_once_it_has_ended(self, client, people):
        _response, work = ask(client, people)
        run.run_due()

        answer = client.get(f"/admin/intranet/work/{work.pk}/progress/").json()

        assert answer["goes_to"] == f"/admin/intranet/work/{work.pk}/answer/"


class TestUndoing:
    def test_what_wrote_many_mails_is_done_beside_the_page(self, client, root, monkeypatch):
        monkeypatch.setattr("intranet.admin.undoing.FOLLOW", 4)
        monkeypatch.setattr("intranet.admin.undoing.LONG", 2)
        with begin(root, "page", "Mailed") as act, batched():
            queue("notice", [f"p{it}@example.com" for it in range(6)], {"message": "x"})
        asked = client.post(f"/admin/intranet/action/{act.id}/undo/", {"_ask": "yes"})

        assert asked.url == Work.objects.get().page


def how_far(client, work):
    answer = client.get(f"/admin/intranet/work/{work.pk}/progress/").json()
    assert answer.pop("goes_to") == ""
    assert answer.pop("goes_on").startswith("You may leave this page: the work goes on")
    return answer


class TestFindingAgain:
    """What asks or failed unseen is counted in the sidebar and on the dashboard.

    What is under way is on the dashboard alone.
    """

    def badge(self, client):
        groups = client.get("/admin/").context["sidebar_navigation"]
        badges = {it["title"]: it["badge"] for group in groups for it in group["items"]}
        return badges["Work"]

    def on_the_dashboard(self, client):
        return [it.state for it in client.get("/admin/").context.get("work", ())]

    def test_while_it_is_under_way(self, client, people):
        ask(client, people)

        assert self.on_the_dashboard(client) == ["waiting"]
        assert self.badge(client) == ""

    def test_until_its_question_is_seen(self, client, people):
        _response, work = ask(client, people)
        after(work)

        assert self.on_the_dashboard(client) == ["asks"]
        assert self.badge(client) == "1"

        client.get(f"{work.page.removesuffix('change/')}answer/")

        assert self.on_the_dashboard(client) == []
        assert self.badge(client) == ""

    def test_until_its_failure_is_seen(self, client, people):
        work = confirm(client, asked(client, people))
        Work.objects.filter(pk=work.pk).update(attempts=3)
        after(work)

        assert self.on_the_dashboard(client) == ["failed"]
        assert self.badge(client) == "1"

        client.get(work.page)

        assert self.on_the_dashboard(client) == []
        assert self.badge(client) == ""

    def test_is_for_whoever_asked(self, client, people):
        asked(client, people)
        client.force_login(make_superuser("other"))

        assert self.on_the_dashboard(client) == []
        assert self.badge(client) == ""
