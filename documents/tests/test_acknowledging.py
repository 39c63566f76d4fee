"""Acknowledging a post by the link in its mail."""

import re
from datetime import timedelta

import pytest
from django.core import mail as sent
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from documents import acknowledging, publishing
from documents.acknowledging import acknowledge, numbers, path_for
from documents.models import Acknowledgement, Post
from documents.tests.factories import make_post
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from intranet.trace.models import Action
from staff import leaving
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_user("ada", is_staff=False, first_name="Ada", last_name="Gray")


def asking(title="Fire drill", **fields):
    return make_post(title, asks_acknowledgement=True, **fields)


def link_in(mail) -> str:
    """Return the path of the link in a mail as it is sent now."""
    return re.search(r"https://intranet.test(/admin/acknowledge/\S+)", text_of(mail))[1]


class TestLinkInTheMail:
    def test_acknowledges_with_one_button_and_no_sign_in(self, client, ada):
        post = asking(mail_audience=True)
        publishing.mail_post(post.pk)
        link = link_in(Mail.objects.get(subject="Fire drill", to=ada.email))

        page = client.get(link)
        assert "Fire drill" in page.content.decode()
        assert page.content.decode().count("<button") == 1
        assert not Acknowledgement.objects.exists()

        client.post(link, {"version": post.version})
        it = Acknowledgement.objects.get()
        assert (it.post, it.person, it.name) == (post, ada, "Ada Gray")
        action = Action.objects.latest("at")
        assert action.actor == ada
        assert str(action.words) == "Ada Gray acknowledged “Fire drill”"

    def test_is_made_when_the_mail_is_sent_and_is_nowhere_in_the_database(self, ada):
        publishing.mail_post(asking(mail_audience=True).pk)
        row = Mail.objects.get(subject="Fire drill", to=ada.email)

        assert "acknowledge/" not in str(Mail.objects.filter(pk=row.pk).values().get())

        deliver_due()
        written = next(
            it for it in sent.outbox if it.to == [ada.email] and it.subject == row.subject
        )
        assert path_for(Post.objects.get().pk, ada.pk) in written.body
        row.refresh_from_db()
        assert path_for(Post.objects.get().pk, ada.pk) not in str(vars(row))

    def test_belongs_to_one_post_and_one_person(self, ada):
        bob, posts = make_user("bob"), [asking("One"), asking("Two")]

        paths = {path_for(post.pk, person.pk) for post in posts for person in (ada, bob)}

        assert len(paths) == 4

    def test_is_in_no_mail_of_a_post_that_does_not_ask(self, ada):
        publishing.mail_post(make_post("Party", mail_audience=True).pk)

        assert "acknowledge" not in text_of(Mail.objects.get(subject="Party", to=ada.email))

    def test_is_left_out_when_the_post_went_before_the_mail(self, ada):
        post = asking(mail_audience=True)
        publishing.mail_post(post.pk)
        post.end_now()

        assert "acknowledge" not in text_of(Mail.objects.get(to=ada.email, subject="Fire drill"))


class TestPage:
    def test_changes_nothing_when_it_is_opened_however(self, client, ada):
        link = path_for(asking().pk, ada.pk)

        for method in ("get", "head", "options"):
            getattr(client, method)(link)

        assert not Acknowledgement.objects.exists()

    def test_is_kept_by_nobody_and_names_itself_to_nobody(self, client, ada):
        page = client.get(path_for(asking().pk, ada.pk))

        assert "no-store" in page["Cache-Control"]
        assert page["Referrer-Policy"] == "no-referrer"
        assert not page.cookies

    def test_says_the_second_time_when_it_was_and_changes_nothing(self, client, ada):
        post = asking()
        link = path_for(post.pk, ada.pk)
        client.post(link)
        Acknowledgement.objects.update(at=timezone.now() - timedelta(days=3))
        before = Acknowledgement.objects.values().get()

        assert "You acknowledged this on" in client.post(link, follow=True).content.decode()
        assert "<button" not in client.get(link).content.decode()
        assert Acknowledgement.objects.values().get() == before

    @pytest.mark.parametrize(
        "kill",
        [
            lambda post, person: post.delete(),
            lambda post, person: post.end_now(),
            lambda post, person: person.delete(),
            lambda post, person: leaving.plan(person, timezone.localdate()),
            lambda post, person: User.objects.filter(pk=person.pk).update(is_active=False),
            lambda post, person: post.audience.add(make_department()),
            lambda post, person: Post.objects.update(asks_acknowledgement=False),
            lambda post, person: Post.objects.update(
                publish_at=timezone.now() + timedelta(hours=1), expires_at=None
            ),
        ],
    )
    def test_is_gone_with_what_it_is_about(self, client, ada, kill):
        make_superuser()
        post = asking()
        link = path_for(post.pk, ada.pk)
        assert client.get(link).status_code == 200

        kill(post, ada)

        assert "This link does not work any more" in client.get(link).content.decode()
        assert (client.get(link).status_code, client.post(link).status_code) == (404, 404)
        assert not Acknowledgement.objects.exists()

    def test_looks_the_same_forged_as_dead(self, client, ada):
        post = asking()
        link = path_for(post.pk, ada.pk)
        forged = [
            link[:-2] + "x/",
            link.replace(f"/{post.pk}-", f"/{post.pk + 1}-"),
            reverse("acknowledge", args=[f"{post.pk}-{ada.pk}"]),
            reverse("acknowledge", args=["a:b:c"]),
        ]
        post.delete()

        pages = {client.get(it).content for it in [*forged, link]}

        assert len(pages) == 1
        assert all(client.post(it).status_code == 404 for it in [*forged, link])

    def test_needs_no_cookie_and_takes_no_other_address_for_it(self, ada):
        client = Client(enforce_csrf_checks=True)

        client.post(path_for(asking().pk, ada.pk))

        assert Acknowledgement.objects.get().person == ada

    def test_is_in_the_language_of_the_person(self, client, ada):
        User.objects.filter(pk=ada.pk).update(language="de")

        page = client.get(path_for(asking().pk, ada.pk))

        assert page["Content-Language"] == "de"

    def test_of_a_test_mail_writes_nothing_down(self, client, ada):
        link = reverse("acknowledge", args=[publishing.TRIAL])

        assert client.get(link).status_code == client.post(link).status_code == 200
        assert not Acknowledgement.objects.exists()


class TestChangedText:
    def test_an_earlier_text_stays_acknowledged_and_can_be_anew(self, client, ada):
        post = asking()
        acknowledge(post, ada)
        post.body = "<p>Another</p>"
        post.save()
        link = path_for(post.pk, ada.pk)

        assert numbers(post) == {"asked": 1, "done": 1, "earlier": 1}
        assert "an earlier text" in client.get(link).content.decode()

        client.post(link)
        assert numbers(post) == {"asked": 1, "done": 1, "earlier": 0}

    def test_what_was_changed_while_it_was_read_is_shown_first(self, client, ada):
        post = asking()
        link, read = path_for(post.pk, ada.pk), post.version
        post.body = "<p>Another</p>"
        post.save()

        page = client.post(link, {"version": read})

        assert "Another" in page.content.decode()
        assert not Acknowledgement.objects.exists()


class TestKeeping:
    def test_the_name_outlives_the_person(self, ada):
        make_superuser()
        acknowledge(asking(), ada)

        ada.delete()

        it = Acknowledgement.objects.get()
        assert (it.person, it.name) == (None, "Ada Gray")

    def test_who_is_not_asked_any_more_is_not_counted(self, ada):
        post = asking()
        acknowledge(post, ada)

        post.audience.add(make_department())

        assert numbers(post) == {"asked": 0, "done": 0, "earlier": 0}

    def test_whoever_joins_later_is_asked_as_well(self, ada):
        post = asking()
        acknowledge(post, ada)

        make_user("new")

        assert numbers(post) == {"asked": 2, "done": 1, "earlier": 0}

    def test_twice_at_once_is_one(self, ada):
        post = asking()

        assert [acknowledge(post, ada), acknowledge(post, ada)] == [True, False]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("model", [Post, User])
    def test_what_goes_while_it_is_read_is_gone(self, client, ada, monkeypatch, model):
        found = asking(), ada
        link = path_for(found[0].pk, ada.pk)
        monkeypatch.setattr(acknowledging, "behind", lambda token: found)
        make_superuser()
        model.objects.filter(pk__in=[it.pk for it in found if type(it) is model]).delete()

        assert client.post(link).status_code == 404
        assert not Acknowledgement.objects.exists()
