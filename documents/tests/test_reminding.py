"""Who has acknowledged a post and who has not, and reminding the rest."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.acknowledging import acknowledge, unfinished
from documents.admin import readers
from documents.models import Acknowledgement, Post, Reader, Reminder
from documents.tests.factories import make_post
from documents.tests.post_pages import said
from documents.tests.test_acknowledging import link_in
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.pages import confirmed, page
from intranet.trace.models import Action
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales():
    return make_department("Sales")


@pytest.fixture
def people(sales):
    return [make_user(name, department=sales, is_staff=False) for name in ("ann", "bob", "cy")]


@pytest.fixture
def post(sales):
    return make_post("Fire drill", audience=[sales], asks_acknowledgement=True)


@pytest.fixture
def editor(client, people):
    user = make_user("ed", roles=["Editors"])
    client.force_login(user)
    Mail.objects.all().delete()
    return user


def remind(client, post, **answers):
    return confirmed(client, page(post, "remind_rest"), answers | {"post": "yes"})


def mailed():
    return sorted(Mail.objects.values_list("to", flat=True))


def states(client, post, **filters):
    rows = client.get(reverse("admin:documents_reader_changelist"), {"post": post.pk, **filters})
    return {row.username: row.state for row in rows.context["cl"].result_list}


class TestRemindTheRest:
    def test_mails_those_who_have_not_as_one_action(self, client, editor, people, post):
        acknowledge(post, people[0])
        User.objects.filter(pk=people[1].pk).update(is_active=False)

        asked = client.post(page(post, "remind_rest"), {"post": "yes", "_ask": "1"})
        assert not mailed()
        assert "Mails: 1 mail “Reminder: Fire drill”: cy@example.com" in asked.context["plan"].lines

        response = remind(client, post)
        assert mailed() == ["cy@example.com"]
        assert "1 mail on its way" in said(response)
        assert Action.objects.get(summary__contains="1 mail on its way").actor == editor
        assert link_in(Mail.objects.get())

    def test_is_done_once_a_day_for_each_person(self, client, editor, people, post):
        acknowledge(post, people[0])
        remind(client, post)
        new = make_user("dee", department=people[0].profile.department)
        Mail.objects.all().delete()

        response = remind(client, post)

        assert mailed() == [new.email]
        assert "today already, which is done once a day: bob, cy" in said(response)

        Mail.objects.all().delete()
        Reminder.objects.update(at=timezone.now() - timedelta(days=1))
        remind(client, post)
        assert len(mailed()) == 3
        assert Reminder.objects.count() == 3

    def test_says_on_the_page_how_often(self, client, editor, post):
        content = client.get(page(post, "remind_rest")).content.decode()

        assert "more than once a day" in content

    def test_those_who_acknowledged_an_earlier_text_are_asked_again_for_the_asking(
        self, client, editor, people, post
    ):
        acknowledge(post, people[0])
        post.body = "<p>Another</p>"
        post.save()

        remind(client, post, also_earlier="on")

        assert mailed() == ["ann@example.com", "bob@example.com", "cy@example.com"]

    @pytest.mark.parametrize("change", [{"asks_acknowledgement": False}, {"starts": 1}])
    def test_is_for_live_posts_that_ask(self, client, editor, change):
        post = make_post("Other", **{"asks_acknowledgement": True, **change})

        assert "Remind the rest" not in client.get(page(post)).content.decode()
        remind(client, post)
        assert not mailed()

    def test_whoever_acknowledges_meanwhile_gets_none(self, client, editor, people, post):
        remind(client, post)
        acknowledge(post, people[0])

        deliver_due()

        sent = Mail.objects.filter(status="sent").values_list("to", flat=True)
        assert sorted(sent) == ["bob@example.com", "cy@example.com"]
        assert not Mail.objects.filter(to="ann@example.com").exists()

    def test_takes_no_more_queries_for_more_people(self, client, editor, sales, post):
        def queries():
            Reminder.objects.all().delete()
            with CaptureQueriesContext(connection) as captured:
                client.post(page(post, "remind_rest"), {"post": "yes", "_ask": "1"})
            return len(captured)

        queries()
        few = queries()
        for number in range(5):
            make_user(f"more{number}", department=sales)

        assert queries() == few


class TestList:
    def test_says_who_has_and_who_has_not(self, client, editor, people, post):
        acknowledge(post, people[0])
        acknowledge(post, people[1])
        Acknowledgement.objects.filter(person=people[1]).update(version="other")

        assert states(client, post) == {"ann": "yes", "bob": "earlier", "cy": "no"}
        assert states(client, post, state="no") == {"cy": "no"}
        assert states(client, post, state="yes") == {"ann": "yes"}
        assert states(client, post, q="bob") == {"bob": "earlier"}

    def test_takes_no_more_queries_for_more_people(self, client, editor, people, post):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                states(client, post)
            return len(captured)

        queries()
        few = queries()
        for _ in range(5):
            acknowledge(post, make_user(department=people[0].profile.department))

        assert queries() == few

    @pytest.mark.parametrize("key", ["x", "9" * 30, "0", "-1", "²"])
    def test_of_no_post_is_empty(self, client, editor, post, key):
        url = reverse("admin:documents_reader_changelist")

        assert not client.get(url, {"post": key}).context["cl"].result_count

    def test_offers_the_post_it_is_about_however_many_there_are(
        self, client, editor, post, monkeypatch
    ):
        monkeypatch.setattr(readers, "SHOWN", 1)
        make_post("Newer", starts=-0.5, asks_acknowledgement=True)
        url = reverse("admin:documents_reader_changelist")

        shown = client.get(url, {"post": post.pk}).context["cl"].filter_specs[0]

        assert [title for _, title in shown.lookup_choices] == ["Fire drill", "Newer"]

    def test_is_for_those_who_write_posts(self, client, people, post):
        client.force_login(make_user())
        for name in ("reader", "acknowledgement"):
            url = reverse(f"admin:documents_{name}_changelist")
            assert client.get(url).status_code == 403

    def test_shows_nobody_s_account(self, client, editor, people, post):
        url = reverse("admin:documents_reader_change", args=[people[0].pk])

        assert client.get(url).status_code == 404

    def test_the_page_of_the_post_counts(self, client, editor, people, post):
        acknowledge(post, people[0])

        said = "1 of 3 people have acknowledged it."
        assert said in client.get(page(post)).content.decode()
        readers = client.get(reverse("admin:documents_reader_changelist"), {"post": post.pk})
        assert said in readers.content.decode()

    @pytest.mark.parametrize("may_see", [True, False])
    def test_the_page_of_the_post_leads_there_who_may_see_it(self, client, post, may_see):
        rights = ["change_post", *(["view_acknowledgement"] if may_see else [])]
        user = make_user()
        user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        client.force_login(user)

        html = client.get(page(post)).content.decode()

        assert "people have acknowledged it." in html
        assert (reverse("admin:documents_reader_changelist") in html) is may_see

    def test_of_all_who_ever_did_keeps_who_is_gone(self, client, editor, people, post):
        acknowledge(post, people[0])
        people[0].delete()

        url = reverse("admin:documents_acknowledgement_changelist")

        assert "ann" in client.get(url, {"post__id__exact": post.pk}).content.decode()

    def test_readers_of_a_post_do_not_see_who_has(self, client, people, post):
        acknowledge(post, people[0])
        client.force_login(make_user("rita", department=people[0].profile.department))

        for name in ("change", "history"):
            assert "ann" not in client.get(page(post, name)).content.decode()


class TestOnTheDashboard:
    @pytest.fixture
    def reader(self, client, sales):
        user = make_user("rita", department=sales)
        client.force_login(user)
        return user

    def test_readers_acknowledge_with_one_click(self, client, reader, post):
        (shown, _), *_ = client.get("/admin/").context["posts"]

        response = client.post(shown.acknowledge_path, {"version": post.version})

        assert response.url == "/admin/"
        assert "You acknowledged this on" in client.get("/admin/").content.decode()
        assert Acknowledgement.objects.get().person == reader

    def test_what_waits_comes_first(self, client, reader, post):
        for _ in range(10):
            make_post(starts=-0.5, pinned=True)

        titles = [it.title for it, _ in client.get("/admin/").context["posts"]]

        assert (titles[0], len(titles)) == ("Fire drill", 10)

    def test_posts_that_do_not_ask_have_no_button(self, client, reader):
        make_post()

        assert "I have read this" not in client.get("/admin/").content.decode()


class TestUnfinished:
    def test_is_what_somebody_has_not_acknowledged(self, people, post):
        other = make_post(asks_acknowledgement=True)
        make_post()
        for person in people:
            acknowledge(post, person)

        assert set(unfinished()) == {other}
        for person in people:
            acknowledge(other, person)
        assert not unfinished()

        make_user("new")
        assert set(unfinished()) == {other}


class TestDeletion:
    @pytest.mark.parametrize("make", [make_superuser, lambda: make_user(roles=["Editors"])])
    def test_takes_along_who_acknowledged_and_restoring_brings_it_back(
        self, client, people, post, make
    ):
        make_superuser("other")
        acknowledge(post, people[0])
        client.force_login(make())
        confirmed(client, page(post, "delete"), {})
        assert not Acknowledgement.objects.exists()

        action = Action.objects.latest("at")
        url = reverse("admin:intranet_action_restore", args=[action.pk])
        confirmed(client, url, {})

        it = Acknowledgement.objects.get()
        assert (it.post, it.person, it.name) == (Post.objects.get(), people[0], "ann")
        assert it.version == Post.objects.get().version

    def test_readers_are_people_without_a_table_of_their_own(self, people):
        assert Reader.objects.count() == User.objects.count()
