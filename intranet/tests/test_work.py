"""Work that is done beside the page: the same request, answered by a worker."""

import re
from datetime import timedelta
from threading import Event

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.html import strip_tags
from django.utils.timezone import localdate
from django.utils.translation import override

from intranet import progress
from intranet.outbox.models import Mail, Notice
from intranet.signals import site_restored
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.pages import confirming
from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.vetoes import Veto
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_are_many")]

PEOPLE = "/admin/staff/user/"
SOON, LATER = (str(localdate() + timedelta(days=days)) for days in (1, 2))


def ask(client, people, action="delete_selected"):
    """Choose what to do on the list, and return the work that this is."""
    return asked_about(client, people, action), Work.objects.get()


def asked_about(client, people, action="delete_selected"):
    chosen = {"action": action, "_selected_action": [it.pk for it in people]}
    return client.post(PEOPLE, chosen)


def asked(client, people, action="delete_selected"):
    """Have a worker find out what that does, and return the page that asks."""
    _response, work = ask(client, people, action)
    run.run_due()
    return client.get(f"/admin/intranet/work/{work.pk}/answer/")


def confirm(client, page, action="delete_selected", **answers):
    """Confirm what a page shows, and return the work that this is."""
    where = re.search(r'<form method="post" action="([^"]+)"', page.content.decode())[1]
    client.post(where, confirming(page) | {"action": action, "post": "yes"} | answers)
    return Work.objects.filter(writes=True).latest("asked_at")


def answer_of(client, work):
    return client.get(f"/admin/intranet/work/{work.pk}/answer/").content.decode()


def after(work):
    run.run_due()
    work.refresh_from_db()
    return work


class TestAsking:
    def test_many_leads_to_a_page_that_waits(self, client, people):
        response, work = ask(client, people)

        page = client.get(response.url).content.decode()

        assert response.url == f"/admin/intranet/work/{work.pk}/change/"
        assert "What will happen? Delete: 3 people" in page
        assert "<progress" in page
        assert work.state == Work.State.WAITING

    def test_is_answered_by_a_worker_and_changes_nothing(self, client, people):
        page = asked(client, people)

        assert "3 people deleted" in page.content.decode()
        assert User.objects.filter(pk__in=[it.pk for it in people]).count() == 3
        assert Work.objects.get().state == Work.State.ASKS

    def test_tells_whoever_asked_and_nobody_else(self, client, people, root):
        make_superuser("other")

        asked(client, people)

        told = Notice.objects.filter(message__contains="What will happen?")
        assert [it.recipient for it in told] == [root]

    def test_what_is_refused_says_why_and_asks_for_no_answer(self, client, people, monkeypatch):
        def refuse(*args):
            raise Veto("Not on a Monday.")

        monkeypatch.setattr("intranet.admin.bulk.delete", refuse)
        asked(client, people)

        work = Work.objects.get()
        page = client.get(work.page).content.decode()
        assert (work.state, work.error) == (Work.State.REFUSED, "Not on a Monday.")
        assert "See what is wrong" in page
        assert "Look and confirm" not in page

    def test_is_answered_in_the_language_of_the_browser(self, client, people):
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"

        assert "3 Personen gelöscht" in asked(client, people).content.decode()

    def test_a_script_is_told_to_ask(self, client, people):
        chosen = {"action": "leaves", "_selected_action": [it.pk for it in people]}
        answers = {"post": "yes", "_ask": "yes", "left_on": str(localdate())}

        answer = client.post(PEOPLE, chosen | answers, headers={"X-Rehearse": "1"})

        assert "this takes a while" in answer.content.decode()
        assert not Work.objects.exists()


class TestConfirming:
    def test_does_it_beside_the_page_as_whoever_asked(self, client, people, root):
        work = confirm(client, asked(client, people))
        there = User.objects.filter(pk__in=[it.pk for it in people])
        before = there.count()

        after(work)

        assert (before, there.count()) == (3, 0)
        assert work.state == Work.State.DONE
        assert Action.objects.get(pk=work.action).actor == root

    def test_tells_whoever_asked_once_and_the_other_admins(self, client, people, root):
        other = make_superuser("other")
        page = asked(client, people)
        Notice.objects.all().delete()
        Mail.objects.all().delete()

        work = after(confirm(client, page))

        [mine] = Notice.objects.filter(recipient=root)
        [theirs] = Notice.objects.filter(recipient=other)
        assert mine.message == theirs.message == "Root deleted 3 people"
        mails = Mail.objects.filter(template="notice").values_list("to", flat=True)
        assert {*mails} == {root.email, other.email}
        shown = strip_tags(page.content.decode())
        assert "“Root deleted 3 people”: other, root" in shown
        assert mine.mailed_at
        client.get(work.page)
        assert Notice.objects.unread().get() == theirs

    def test_ends_on_a_page_that_leads_to_all_it_did(self, client, people):
        work = after(confirm(client, asked(client, people)))

        page = client.get(work.page).content.decode()

        assert "3 people deleted" in page
        assert f"/admin/intranet/action/{work.action}/change/" in page

    def test_leaves_another_question_in_the_same_words(self, client, people):
        pages = []
        for name in ("dan", "eve", "fay"):
            people.append(make_user(name, is_staff=False))
        for three in (people[:3], people[3:]):
            asked_about(client, three)
            run.run_due()
            pages.append(client.get(Work.objects.first().page.replace("change", "answer")))

        confirm(client, pages[0])

        [left] = Work.objects.filter(state=Work.State.ASKS)
        assert confirming(client.get(left.page.replace("change", "answer"))) == confirming(pages[1])

    def test_leads_from_the_question_to_the_result(self, client, people):
        page = asked(client, people)
        question = Work.objects.get()
        Notice.objects.update(read_at=None)

        work = confirm(client, page)

        told = Notice.objects.get(url=question.page)
        ways = [client.get(it) for it in (told.url, told.url.replace("change", "answer"))]
        other_window = client.get(told.url.replace("change", "progress")).json()
        assert [it.url for it in ways] == [work.page, work.page]
        assert other_window == {"goes_to": work.page}
        assert told.read_at
        assert not Work.objects.filter(pk=question.pk).exists()

    def test_leads_nobody_else_there(self, client, people):
        page = asked(client, people)
        question = Work.objects.get()
        confirm(client, page)
        client.force_login(make_superuser("other"))

        assert client.get(question.page).url == "/admin/"

    @pytest.mark.parametrize(
        ("state", "said"),
        [
            ("waiting", "This is being done already."),
            ("running", "This is being done already."),
            ("done", "This was done already."),
        ],
    )
    def test_twice_in_two_windows_leads_to_the_first(self, client, people, state, said):
        page = asked(client, people)
        work = confirm(client, page)
        Work.objects.filter(pk=work.pk).update(state=state)

        confirm(client, page)

        assert Work.objects.get() == work
        assert said in client.get(work.page).content.decode()

    def test_in_another_window_leads_to_the_first_though_no_row_is_left(self, client, people):
        page = asked(client, people)
        work = after(confirm(client, page))

        response = client.post(
            PEOPLE, confirming(page) | {"action": "delete_selected", "post": "yes"}
        )

        assert response.url == work.page
        assert Work.objects.get() == work

    def test_with_other_answers_is_another_piece_of_work(self, client, people):
        page = asked(client, people, "leaves")
        confirm(client, page, "leaves", left_on=SOON)
        Work.objects.update(state=Work.State.DONE)

        for day in (LATER, SOON, LATER):
            work = confirm(client, page, "leaves", left_on=day)
            client.get(work.page)

        assert Work.objects.count() == 2
        assert after(work).state == Work.State.FAILED
        assert "would do something else" in answer_of(client, work)

    def test_with_other_answers_is_not_done_beside_the_first(self, client, people):
        page = asked(client, people, "leaves")
        work = confirm(client, page, "leaves", left_on=SOON)

        confirm(client, page, "leaves", left_on=LATER)

        assert Work.objects.get() == work
        assert "What you confirmed now is not" in client.get(work.page).content.decode()

    def test_is_the_same_where_nobody_knows_what_was_sent(self, client, people):
        page = asked(client, people, "leaves")
        work = confirm(client, page, "leaves", left_on=SOON)
        Work.objects.update(state=Work.State.DONE, digest="")

        confirm(client, page, "leaves", left_on=LATER)

        assert Work.objects.get() == work

    @pytest.mark.parametrize("state", ["failed", "cancelled"])
    def test_again_is_possible_where_nothing_came_of_it(self, client, people, state):
        page = asked(client, people)
        Work.objects.filter(pk=confirm(client, page).pk).update(state=state)

        assert confirm(client, page).state == Work.State.WAITING

    def test_is_not_done_where_it_does_something_else_by_then(self, client, people):
        work = confirm(client, asked(client, people))
        make_user("dora").profile.__class__.objects.filter(user=people[0]).update(phone="1")
        User.objects.filter(pk=people[1].pk).update(last_name="Other")

        after(work)

        assert work.state == Work.State.FAILED
        assert User.objects.filter(pk__in=[it.pk for it in people]).count() == 3
        again = client.get(f"{work.page.removesuffix('change/')}answer/").content.decode()
        assert "would do something else than the page showed" in again
        assert confirming(client.get(f"{work.page.removesuffix('change/')}answer/"))["_said"]

    def test_needs_the_rights_of_then(self, client, people, root):
        work = confirm(client, asked(client, people))
        make_superuser("other")
        User.objects.filter(pk=root.pk).update(is_superuser=False)

        after(work)

        assert work.state == Work.State.FAILED
        assert User.objects.filter(username="ada").exists()

    def test_twice_by_a_double_click_is_one_piece_of_work(self, client, people):
        page = asked(client, people)
        client = Client(enforce_csrf_checks=True)
        client.force_login(User.objects.get(username="root"))
        token = re.search(
            r'csrfmiddlewaretoken" value="(\w+)', asked_again(client).content.decode()
        )[1]
        sent = confirming(page) | {"action": "delete_selected", "post": "yes"}

        answers = [client.post(PEOPLE, sent | {"csrfmiddlewaretoken": token}) for _ in range(2)]

        assert answers[0]["Location"] == answers[1]["Location"]
        assert Work.objects.filter(writes=True).count() == 1


def asked_again(client):
    return client.get(f"/admin/intranet/work/{Work.objects.get().pk}/answer/")


class TestUndoing:
    def test_what_changed_many_rows_is_done_beside_the_page(self, client, people, root):
        with begin(root, "page", "Renamed") as act, batched():
            for person in people:
                person.first_name = "Nobody"
                person.save()
        url = f"/admin/intranet/action/{act.id}/undo/"

        client.post(url, {"_ask": "yes"})
        run.run_due()
        page = client.get(f"/admin/intranet/work/{Work.objects.get().pk}/answer/")
        client.post(url, confirming(page) | {"post": "yes"})
        run.run_due()

        assert Work.objects.get().state == Work.State.DONE
        assert str(Work.objects.get()) == "Undo: Renamed"
        assert not User.objects.filter(first_name="Nobody").exists()

    def test_says_what_the_action_did_in_any_language(self, client, people, root):
        with begin(root, "page") as act, batched():
            for person in people:
                person.first_name = "Nobody"
                person.save()

        client.post(f"/admin/intranet/action/{act.id}/undo/", {"_ask": "yes"})

        with override("de"):
            assert str(Work.objects.get()).endswith("3 Personen geändert")


class TestEnding:
    def test_by_cancel_before_it_begins_does_nothing(self, client, people):
        work = confirm(client, asked(client, people))

        client.post(f"/admin/intranet/work/{work.pk}/cancel/")
        after(work)

        assert work.state == Work.State.CANCELLED
        assert User.objects.filter(username="ada").exists()

    def test_by_cancel_while_it_is_to_be_tried_again_says_nothing_of_the_error(
        self, client, people
    ):
        _response, work = ask(client, people)
        Work.objects.update(error="OperationalError: database is locked")

        client.post(f"/admin/intranet/work/{work.pk}/cancel/")

        assert "database is locked" not in client.get(work.page).content.decode()

    def test_by_cancel_in_the_middle_rolls_all_back(self, client, people, monkeypatch):
        work = confirm(client, asked(client, people))
        cancel_at_the_last_step(monkeypatch, work)

        after(work)

        assert work.state == Work.State.CANCELLED
        assert User.objects.filter(pk__in=[it.pk for it in people]).count() == 3

    def test_with_the_worker_gives_it_back(self, client, people, monkeypatch):
        work = confirm(client, asked(client, people))
        monkeypatch.setattr(run, "BEAT", 0.01)
        slow_down(monkeypatch)
        answers = iter([False])

        run.run_due(lambda: next(answers, True))
        work.refresh_from_db()

        assert (work.state, work.attempts) == (Work.State.WAITING, 0)
        assert User.objects.filter(username="ada").exists()
        monkeypatch.undo()
        assert after(work).state == Work.State.DONE

    def test_by_an_error_says_so_and_rolls_all_back(self, client, people, monkeypatch):
        work = confirm(client, asked(client, people))

        def fail(*args, **kwargs):
            raise ValueError("no such luck")

        monkeypatch.setattr("intranet.admin.beside.told", fail)
        after(work)

        assert work.state == Work.State.FAILED
        assert "no such luck" in client.get(work.page).content.decode()
        assert User.objects.filter(username="ada").exists()

    def test_well_at_the_second_attempt_leaves_no_error(self, client, people, monkeypatch):
        work = confirm(client, asked(client, people))

        def fail(*args):
            raise OperationalError("database is locked")

        with monkeypatch.context() as patched:
            patched.setattr("intranet.admin.beside.told", fail)
            after(work)
        waited = work.state, work.error
        Work.objects.update(due_at=work.asked_at)
        after(work)

        assert waited == (Work.State.WAITING, "OperationalError: database is locked")
        assert (work.state, work.error) == (Work.State.DONE, "")

    def test_never_comes_where_it_took_its_own_row_away(self, client, people, monkeypatch):
        confirm(client, asked(client, people))
        monkeypatch.setattr("intranet.admin.beside.told", lambda it: Work.objects.all().delete())

        assert run.run_due() == 1

        assert User.objects.filter(username="ada").exists()

    def test_comes_with_the_restoring_of_a_copy(self, client, people):
        work = confirm(client, asked(client, people))

        (_receiver, told), *_rest = site_restored.send(sender=None)
        after(work)

        assert told == "1 piece of work that waited then is cancelled."
        assert work.state == Work.State.CANCELLED
        assert User.objects.filter(username="ada").exists()

    def test_of_its_worker_again_and_again_is_the_end(self, client, people):
        work = confirm(client, asked(client, people))
        Work.objects.filter(pk=work.pk).update(attempts=3)

        assert after(work).state == Work.State.FAILED

    def test_by_another_worker_first_undoes_this_one(self, client, people, monkeypatch):
        confirm(client, asked(client, people))
        took_over = run.end

        def take_over(mine, state, **values):
            mine.attempts = 7  # as if another had leased it since
            took_over(mine, state, **values)

        monkeypatch.setattr("intranet.admin.beside.end", take_over)
        run.run_due()

        assert User.objects.filter(username="ada").exists()


class TestWatching:
    @pytest.fixture(autouse=True)
    def often(self, monkeypatch, settings):
        monkeypatch.setattr(run, "BEAT", 0.01)
        settings.WORK_LEASE = 0

    def test_goes_on_when_it_failed_once(self, root, monkeypatch):
        work, shown, failures = Work.objects.create(person=root), Event(), iter([OSError("full")])

        def show(*args):
            for failure in failures:
                raise failure
            shown.set()

        monkeypatch.setattr(progress, "show", show)
        monkeypatch.setattr(run, "renew", bool)

        with run.watched(work, bool):
            assert shown.wait(5)

    def test_tries_again_until_the_lease_is_renewed(self, root, monkeypatch):
        renewed, answers = Event(), iter([False, False, True])
        monkeypatch.setattr(run, "renew", lambda work: next(answers, None) and renewed.set())

        with run.watched(Work.objects.create(person=root), bool):
            assert renewed.wait(5)


def cancel_at_the_last_step(monkeypatch, work):
    monkeypatch.setattr(run, "BEAT", 0.01)
    slow_down(monkeypatch)
    real = progress.is_cancelled
    answers = iter([False])
    monkeypatch.setattr(progress, "is_cancelled", lambda key: real(key) or next(answers, True))


def slow_down(monkeypatch):
    """Have the deletion wait until it is to end."""
    from intranet.admin import bulk

    real = bulk.refuse_lacking

    def wait(*args):
        for _ in range(500):
            progress.current().check()
            run.Event().wait(0.01)
        real(*args)

    monkeypatch.setattr(bulk, "refuse_lacking", wait)
