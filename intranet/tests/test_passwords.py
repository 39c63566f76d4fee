import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from intranet.access.password_links import tokens
from intranet.access.passwords import AskForLinkForm
from intranet.outbox.models import Mail
from staff.tests.factories import make_superuser, make_user

from .outbox import new_link, text_of

pytestmark = pytest.mark.django_db
NEW = {"new_password1": "pear tree lane 7", "new_password2": "pear tree lane 7"}
DEAD = "This link does not work any more"


def open_link(client, user):
    """Follow the link to the page with the form."""
    return client.get(new_link(user).removeprefix("https://intranet.test"), follow=True)


class TestAddress:
    def test_starts_with_the_site_url(self):
        assert new_link(make_user()).startswith("https://intranet.test/admin/")


class TestChoosingAPassword:
    def test_leads_to_signing_in_with_it(self, client):
        user = make_user("ada")
        page = open_link(client, user)

        done = client.post(page.request["PATH_INFO"], NEW, follow=True)

        assert reverse("admin:login") in done.content.decode()
        assert client.login(username="ada", password="pear tree lane 7")

    def test_works_for_somebody_who_never_had_a_password(self, client):
        user = make_user("ada")
        user.set_unusable_password()
        user.save()
        page = open_link(client, user)

        client.post(page.request["PATH_INFO"], NEW)

        assert client.login(username="ada", password="pear tree lane 7")

    def test_works_once(self, client):
        user = make_user()
        url = new_link(user)
        client.post(open_link(client, user).request["PATH_INFO"], NEW)

        again = client.get(url.removeprefix("https://intranet.test"), follow=True)

        assert DEAD in again.content.decode()

    @pytest.mark.parametrize(("age", "works"), [(71, True), (73, False)])
    def test_works_for_72_hours(self, client, monkeypatch, age, works):
        user = make_user()
        then = datetime.now() - timedelta(hours=age)
        with monkeypatch.context() as clock:
            clock.setattr(tokens, "_now", lambda: then)
            url = new_link(user)

        page = client.get(url.removeprefix("https://intranet.test"), follow=True)

        assert (DEAD not in page.content.decode()) is works

    @pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
    def test_is_refused_to_those_who_cannot_sign_in(self, client, change):
        user = make_user("ada")
        page = open_link(client, user)
        type(user).objects.filter(pk=user.pk).update(**change)

        answer = client.post(page.request["PATH_INFO"], NEW)

        user.refresh_from_db()
        assert DEAD in answer.content.decode()
        assert user.check_password("secret")

    @pytest.mark.django_db(transaction=True)
    def test_is_over_when_the_person_goes_at_the_same_moment(self, client, monkeypatch):
        make_superuser()
        user = make_user("ada")
        path = open_link(client, user).request["PATH_INFO"]
        gone = type(user).objects.filter(pk=user.pk)
        monkeypatch.setattr(tokens, "check_token", lambda who, token: gone.delete()[0])

        answer = client.post(path, NEW, follow=True)

        assert DEAD in answer.content.decode()

    def test_refuses_a_weak_password(self, client):
        user = make_user("ada")
        page = open_link(client, user)

        client.post(page.request["PATH_INFO"], {"new_password1": "1", "new_password2": "1"})

        assert not client.login(username="ada", password="1")

    def test_survives_a_forged_link(self, client):
        page = client.get(reverse("password_reset_confirm", args=["!!", "nothing"]))

        assert DEAD in page.content.decode()


class TestAskingForALink:
    def ask(self, client, email, **options):
        url = reverse("admin_password_reset")
        return client.post(url, {"email": email}, follow=True, **options)

    def test_mails_a_link_that_works(self, client):
        user = make_user("ada", email="ada@example.com")
        Mail.objects.all().delete()

        self.ask(client, "ADA@example.com")

        link = re.search(r"https://intranet\.test(/\S+)", text_of(Mail.objects.get()))
        page = client.get(link[1], follow=True)
        assert page.context["form"].user == user

    def test_mails_somebody_who_never_had_a_password(self, client):
        user = make_user("ada", email="ada@example.com")
        user.set_unusable_password()
        user.save()
        Mail.objects.all().delete()

        self.ask(client, "ada@example.com")

        assert Mail.objects.get().to == "ada@example.com"

    @pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}])
    def test_mails_nothing_to_those_who_cannot_sign_in(self, client, fields):
        make_user("ada", email="ada@example.com", **fields)
        Mail.objects.all().delete()

        self.ask(client, "ada@example.com")

        assert not Mail.objects.exists()

    def test_answers_the_same_whether_or_not_the_address_exists(self, client):
        make_user("ada", email="ada@example.com")

        known = self.ask(client, "ada@example.com")
        unknown = self.ask(client, "nobody@example.com")

        assert known.redirect_chain == unknown.redirect_chain
        assert known.content == unknown.content

    @pytest.mark.django_db(transaction=True)
    def test_answers_the_same_when_the_person_goes_at_the_same_moment(self, client, monkeypatch):
        make_superuser()
        user = make_user("ada")
        monkeypatch.setattr(AskForLinkForm, "get_users", lambda form, email: [user])
        type(user).objects.filter(pk=user.pk).delete()

        answer = self.ask(client, "ada@example.com")

        assert answer.redirect_chain == self.ask(client, "nobody@example.com").redirect_chain

    def test_mails_at_most_three_an_hour(self, client):
        make_user("ada")

        answers = [self.ask_and_deliver(client) for _ in range(5)]

        links = Mail.objects.filter(subject__startswith="Set your password")
        assert links.count() == 3
        assert len(set(answers)) == 1

    def test_mails_again_after_an_hour(self, client):
        make_user("ada")
        for _ in range(3):
            self.ask_and_deliver(client)
        Mail.objects.update(created_at=timezone.now() - timedelta(minutes=61))

        self.ask_and_deliver(client)

        assert Mail.objects.filter(subject__startswith="Set your password").count() == 4

    def ask_and_deliver(self, client):
        answer = self.ask(client, "ada@example.com")
        Mail.objects.update(status=Mail.Status.SENT)
        return answer.content

    def test_ignores_the_host_header(self, client, settings):
        settings.ALLOWED_HOSTS = ["*"]
        make_user("ada", email="ada@example.com")
        Mail.objects.all().delete()

        self.ask(client, "ada@example.com", headers={"host": "evil.example"})

        text = text_of(Mail.objects.get())
        assert "https://intranet.test/admin/password_reset/" in text
        assert "evil.example" not in text


class TestSignInPage:
    def test_offers_the_link(self, client):
        page = client.get(reverse("admin:login"))

        assert reverse("admin_password_reset") in page.content.decode()
