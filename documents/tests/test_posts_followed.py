"""A post that is mailed to many: how far its mails are, stopping the rest, and one notice."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.models import Post
from documents.publishing import mail_post
from documents.tests.factories import make_post
from intranet.outbox.models import Mail, Notice
from intranet.signals import site_restored
from intranet.tasks.mailing import end_mailings, how_far, withdraw
from intranet.tasks.models import Work
from intranet.tests.pages import confirming
from intranet.trace.action import begin
from intranet.trace.models import Action
from staff.models import Profile
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

POSTS = "/admin/documents/post/"
Status = Mail.Status


@pytest.fixture(autouse=True)
def three_are_many(monkeypatch):
    monkeypatch.setattr("intranet.tasks.mailing.MANY", 3)


@pytest.fixture(autouse=True)
def eda(client):
    eda = make_user("eda", roles=["Editors"])
    client.force_login(eda)
    for name in ("ada", "bob"):
        make_user(name, is_staff=False)
    return eda


@pytest.fixture
def post():
    return make_post("The canteen", mail_audience=True, starts=5)


@pytest.fixture
def work(client, post):
    publish(client, post)
    return Work.objects.get()


def publish(client, *posts):
    chosen = {"action": "publish_now", "_selected_action": [it.pk for it in posts]}
    page = client.post(POSTS, chosen)
    return client.post(POSTS, confirming(page) | chosen | {"post": "yes"}, follow=True)


def set_all(status, **values):
    Mail.objects.filter(priority=Mail.Priority.POST).update(status=status, **values)


def page_of(client, row):
    return client.get(
        reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
    )


class TestFollowing:
    def test_many_mails_are_work_of_whoever_publishes(self, client, work, eda):
        assert (work.person, work.state, work.mails) == (eda, Work.State.RUNNING, 3)
        assert str(work) == "Mails: “The canteen”"

    def test_a_few_are_none(self, client, post, monkeypatch):
        monkeypatch.setattr("intranet.tasks.mailing.MANY", 4)

        publish(client, post)

        assert not Work.objects.exists()

    def test_asking_what_will_happen_leaves_none(self, client, post):
        client.post(POSTS, {"action": "publish_now", "_selected_action": [post.pk]})

        assert not Work.objects.exists()

    def test_what_the_worker_mails_is_told_to_the_author(self, eda):
        post = make_post("Soup", mail_audience=True, author=eda)

        with begin(None, "worker"):
            mail_post(post.pk)

        assert Work.objects.get().person == eda

    def test_an_author_who_cannot_sign_in_any_more_follows_nothing(self, eda):
        post = make_post("Soup", mail_audience=True, author=eda)
        eda.is_staff = False
        eda.save()

        with begin(None, "worker"):
            mail_post(post.pk)

        assert not Work.objects.exists()

    def test_without_an_author_nobody_follows(self, post):
        Post.objects.update(publish_at=timezone.now())

        with begin(None, "worker"):
            mail_post(post.pk)

        assert Mail.objects.filter(priority=Mail.Priority.POST).count() == 3
        assert not Work.objects.exists()

    def test_several_posts_at_once_are_one_piece(self, client, post):
        publish(client, post, make_post("Soup", mail_audience=True, starts=5))

        work = Work.objects.get()

        assert (work.mails, how_far(work).waiting) == (6, 6)
        assert "“The canteen”" in str(work)
        assert "“Soup”" in str(work)

    def test_a_few_mails_count_with_the_many_of_the_same_action(self, client, post):
        group = make_department("Lab")
        Profile.objects.filter(user__username="ada").update(department=group)
        small = make_post("For the lab", mail_audience=True, starts=5)
        small.audience.add(group)

        publish(client, small, post)

        work = Work.objects.get()
        assert work.mails == Mail.objects.filter(priority=Mail.Priority.POST).count() == 4
        assert "For the lab" in str(work)
        assert "The canteen" in str(work)

    def test_the_receipt_leads_to_it(self, client, post):
        answer = publish(client, post).content.decode()

        assert f'href="{Work.objects.get().page}">How far the mails are' in answer

    def test_no_worker_takes_it_for_work_of_its_own(self, work):
        assert not Work.objects.due().exists()


class TestPages:
    def test_say_how_many_are_how_far(self, client, work):
        first, second, _third = Mail.objects.filter(priority=Mail.Priority.POST)
        Mail.objects.filter(pk=first.pk).update(status=Status.SENT)
        Mail.objects.filter(pk=second.pk).update(status=Status.FAILED)

        says = client.get(f"/admin/intranet/work/{work.pk}/progress/").json()

        assert "the work goes on" in says.pop("goes_on")
        assert says == {
            "done": 2,
            "total": 3,
            "waits": False,
            "says": "1 mail sent, 1 waits, 1 failed",
            "goes_to": "",
        }
        assert "1 mail sent, 1 waits, 1 failed" in page_of(client, work).content.decode()

    def test_that_of_the_post_leads_there(self, client, work, post):
        page = page_of(client, post).content.decode()

        assert f'href="{work.page}">0 mails sent, 3 wait' in page

    def test_those_of_a_post_new_and_live_do_so_too(self, client, post):
        fields = {"title": "Soup", "body": "<p>Soup</p>", "mail_audience": "on"}
        when = {"publish_at_0": "2020-01-01", "publish_at_1": "09:00"}
        page = client.post(f"{POSTS}add/", fields | when | {"_ask": "1"})
        client.post(f"{POSTS}add/", fields | when | confirming(page))

        work = Work.objects.get()

        page = page_of(client, Post.objects.get(title="Soup")).content.decode()
        assert f'href="{work.page}"' in page

    def test_others_read_it_there_without_the_link(self, client, work, post):
        client.force_login(make_user("hazel", roles=["HR"]))

        page = page_of(client, post).content.decode()

        assert "0 mails sent, 3 wait." in page
        assert work.page not in page

    def test_that_of_the_post_says_nothing_where_nobody_follows(self, client, post):
        Post.objects.filter(pk=post.pk).update(mailed_at=timezone.now())

        assert "mails sent" not in page_of(client, post).content.decode()


class TestEnding:
    def told(self, person):
        return list(Notice.objects.filter(recipient=person).values_list("message", flat=True))

    def test_waits_until_each_mail_was_tried(self, work):
        set_all(Status.SENT)
        Mail.objects.filter(pk=Mail.objects.first().pk).update(status=Status.SENDING, attempts=1)

        assert end_mailings() == 0

    def test_tells_the_result_once(self, work, eda):
        set_all(Status.SENT)
        Mail.objects.filter(to="ada@example.com").update(status=Status.QUEUED, attempts=1)

        done = end_mailings(), end_mailings()

        assert done == (1, 0)
        assert self.told(eda) == ["Mails: “The canteen”: 2 mails sent, 1 is tried again"]

    def test_is_told_in_the_language_of_whoever_mailed(self, work, eda):
        eda.language = "de"
        eda.save()
        set_all(Status.SENT)

        end_mailings()

        assert self.told(eda) == ["Mails: „The canteen“: 3 Mails gesendet"]

    def test_comes_when_it_is_undone(self, work, eda):
        set_all(Status.SENT)
        Mail.objects.filter(to="ada@example.com").delete()

        end_mailings()

        assert self.told(eda) == ["Mails: “The canteen”: 2 mails sent, 1 not sent"]

    def test_is_waited_for_in_a_restored_copy(self, work, eda):
        site_restored.send(sender=None)

        end_mailings()

        work.refresh_from_db()
        assert (work.state, self.told(eda)) == (Work.State.RUNNING, [])


class TestStopping:
    def stop(self, client, work):
        client.post(f"/admin/intranet/work/{work.pk}/cancel/", {"_ask": "yes"})
        work.refresh_from_db()

    def test_keeps_what_did_not_go_out_from_going(self, client, work, eda):
        Mail.objects.filter(to="ada@example.com").update(status=Status.SENT)
        Mail.objects.filter(to="bob@example.com").update(status=Status.SENDING)

        self.stop(client, work)

        assert work.state == Work.State.CANCELLED
        assert how_far(work)._asdict() == {
            "sent": 1,
            "waiting": 1,
            "again": 0,
            "failed": 0,
            "not_sent": 1,
        }
        page = page_of(client, work).content.decode()
        assert "1 mail sent, 1 waits, 1 not sent" in page
        assert "The rest was stopped" in page

    def test_stands_in_the_history(self, client, work, eda):
        self.stop(client, work)

        action = Action.objects.latest("at")
        assert (action.actor, str(action.words)) == (eda, "Stopped: Mails: “The canteen”")

    def test_leaves_other_mails_alone(self, client, work):
        other = Mail.objects.create(to="zoe@example.com", message_id="x", action_id=work.action)

        self.stop(client, work)

        assert Mail.objects.get(action=work.action) == other

    def test_comes_too_late_once_it_has_ended(self, client, work):
        set_all(Status.SENT)
        end_mailings()
        count = Action.objects.count()

        self.stop(client, work)

        assert work.state == Work.State.DONE
        assert Action.objects.count() == count

    def test_is_for_whoever_mailed_and_for_superusers(self, client, work):
        client.force_login(make_user("mia", roles=["Editors"]))
        self.stop(client, work)
        assert work.state == Work.State.RUNNING

        client.force_login(make_superuser())
        assert "Stop the rest" in page_of(client, work).content.decode()
        self.stop(client, work)

        assert work.state == Work.State.CANCELLED

    def test_asks_nothing_else_for_each_piece(self, client, work, monkeypatch):
        monkeypatch.setattr("intranet.tasks.mailing.PIECE", 1)

        with CaptureQueriesContext(connection) as asked:
            withdraw(work)

        about = [it["sql"] for it in asked if "SAVEPOINT" not in it["sql"]]
        assert not Mail.objects.filter(action=work.action).exists()
        assert {"intranet_mail" in it for it in about} == {True}
        assert len(about) == 2 * 3 + 2

    def test_opens_no_transaction_again_where_nothing_waits(self, client, work):
        self.stop(client, work)

        with CaptureQueriesContext(connection) as asked:
            end_mailings()

        assert not [it for it in asked if it["sql"].startswith(("SAVEPOINT", "DELETE"))]

    def test_goes_for_what_has_to_be_tried_again(self, client, work):
        Mail.objects.filter(to="ada@example.com").update(status=Status.SENDING)
        self.stop(client, work)
        set_all(Status.QUEUED, attempts=1)

        end_mailings()

        assert not Mail.objects.filter(action=work.action).exists()
