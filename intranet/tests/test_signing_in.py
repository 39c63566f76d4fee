"""Signing in: what it answers, when it is held up, and where it leads."""

from datetime import timedelta

import pytest
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client, RequestFactory
from django.urls import reverse

from intranet.access.client import client_address, throttled_address
from intranet.tests.outbox import new_link
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db
LOGIN = reverse("admin:login")
HELD_UP = "Too many failed sign-ins"


def sign_in(client, username="ada", password="wrong", **options):
    data = {"username": username, "password": password}
    return client.post(options.pop("url", LOGIN), data, **options)


def fail(client, times=5, **options):
    for _ in range(times):
        answer = sign_in(client, **options)
    return answer


def signed_in(client):
    return client.get(reverse("admin:index")).status_code == 200


@pytest.fixture
def hashed(monkeypatch):
    """Collect the passwords that are hashed."""
    passwords = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        passwords.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return passwords


class TestAnswer:
    def page(self, client, username, password="wrong"):
        """Return the answer to a failure, without what differs with every visit."""
        answer = sign_in(client, username, password)
        content = answer.content.decode().replace(username, "NAME")
        return answer.status_code, content.replace(str(answer.context["csrf_token"]), "")

    @pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}])
    def test_it_is_the_same_for_a_stranger_and_who_cannot_sign_in(self, client, fields):
        make_user("ada")
        make_user("eve", **fields)

        answers = {
            self.page(client, "ada"),
            self.page(client, "nobody"),
            self.page(client, "eve"),
            self.page(client, "eve", "secret"),
        }

        assert len(answers) == 1

    def test_it_says_why_and_counts_no_errors(self, client):
        page = sign_in(client, "ada").text

        assert "do not belong to somebody who can sign in" in page
        assert "Nothing was saved." not in page
        assert page.count('role="alert"') == 1

    @pytest.mark.parametrize("username", ["ada", "nobody", "eve", "bo"])
    def test_each_takes_one_hash(self, client, hashed, username):
        make_user("ada")
        make_user("eve", is_active=False)
        bo = make_user("bo")
        bo.set_unusable_password()
        bo.save()
        hashed.clear()

        sign_in(client, username)

        assert len(hashed) == 1

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
    def test_it_never_leads_off_the_site(self, client, target):
        make_user("ada")

        asked = sign_in(client, password="secret", url=f"{LOGIN}?next={target}")
        posted = client.post(LOGIN, {"username": "ada", "password": "secret", "next": target})

        assert [asked.url, posted.url] == [reverse("admin:index")] * 2


class TestThrottle:
    def test_the_fifth_failure_holds_the_name_up(self, client):
        make_user("ada")

        assert fail(client, 4).status_code == 200
        assert fail(client, 1).status_code == 429
        assert sign_in(client, password="secret").status_code == 429
        assert not signed_in(client)

    def test_it_answers_before_hashing_anything(self, client, hashed):
        make_user("ada")
        fail(client)
        hashed.clear()

        page = sign_in(client, password="secret")

        assert HELD_UP in page.content.decode()
        assert page["Retry-After"] == "900"
        assert hashed == []

    def test_the_page_is_the_same_for_a_name_nobody_has(self, client):
        make_user("ada")

        pages = [fail(client, username=name).content for name in ("ada", "nobody")]

        assert pages[0] == pages[1]

    def test_it_is_kept_in_the_database_for_all_processes(self, client):
        make_user("ada")
        fail(client)

        AxesProxyHandler.get_implementation(force=True)

        assert sign_in(Client(), password="secret").status_code == 429
        assert AccessAttempt.objects.get().failures_since_start == 5

    def test_other_names_and_other_addresses_go_on(self, client):
        make_user("ada")
        make_user("eve")
        fail(client)

        sign_in(client, "eve", "secret")
        elsewhere = Client(REMOTE_ADDR="192.0.2.7")
        sign_in(elsewhere, password="secret")

        assert signed_in(client)
        assert signed_in(elsewhere)

    def test_another_browser_does_not_help(self, client):
        make_user("ada")
        for number in range(5):
            sign_in(client, headers={"user-agent": f"Browser {number}"})

        assert sign_in(client, password="secret").status_code == 429

    def test_it_ends_after_the_cool_off_though_it_was_tried_meanwhile(self, client, settings):
        make_user("ada")
        fail(client, 8)
        for attempt in AccessAttempt.objects.all():
            earlier = attempt.attempt_time - settings.AXES_COOLOFF_TIME - timedelta(seconds=1)
            AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=earlier)

        sign_in(client, password="secret")

        assert signed_in(client)

    def test_the_right_password_of_who_cannot_sign_in_counts_as_a_failure(self, client):
        make_user("ada", is_staff=False)

        assert fail(client, password="secret").status_code == 429

    def test_a_new_password_by_mail_ends_it(self, client):
        new = {"new_password1": "pear tree lane 7", "new_password2": "pear tree lane 7"}
        link = new_link(make_user("ada")).removeprefix("https://intranet.test")
        fail(client)

        client.post(client.get(link, follow=True).request["PATH_INFO"], new)
        sign_in(client, password="pear tree lane 7")

        assert signed_in(client)

    def test_success_starts_the_count_again(self, client):
        make_user("ada")
        fail(client, 4)
        sign_in(client, password="secret")

        assert fail(Client(), 4).status_code == 200

    def test_no_password_is_kept(self, client):
        fail(client, 1, password="pear tree lane 7")

        assert "pear" not in str(list(AccessAttempt.objects.values()))


class TestClientAddress:
    def address(self, **meta):
        return client_address(RequestFactory().get("/", **meta))

    def test_a_header_that_anybody_can_send_does_not_count(self):
        sent = {"HTTP_X_FORWARDED_FOR": "198.51.100.1", "HTTP_X_REAL_IP": "198.51.100.1"}

        assert self.address(REMOTE_ADDR="192.0.2.7", **sent) == "192.0.2.7"

    def test_behind_a_proxy_only_what_the_proxy_added_counts(self, settings):
        settings.BEHIND_PROXY = True
        forwarded = "198.51.100.1, 203.0.113.9"

        found = self.address(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)

        assert found == "203.0.113.9"

    @pytest.mark.parametrize("nonsense", ["", "unix:", "1.2.3"])
    def test_it_may_be_unknown(self, nonsense):
        assert self.address(REMOTE_ADDR=nonsense) is None

    def test_one_customer_of_ipv6_is_one_address_to_the_throttle(self):
        requests = [
            RequestFactory().get("/", REMOTE_ADDR=f"2001:db8:1:2::{end}") for end in ("1", "ffff")
        ]

        assert {throttled_address(request) for request in requests} == {"2001:db8:1:2::"}

    def test_an_unknown_address_is_throttled_too(self):
        make_user("ada")

        assert fail(Client(REMOTE_ADDR="")).status_code == 429
