"""Nothing that was typed is lost without a word where the session has ended."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from documents.models import Post
from intranet.tests.pages import said, sent
from staff.models import User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db
ADD = "/admin/documents/post/add/"
LOST = "You were signed out meanwhile. What you sent was not saved."
PASSWORD = "of-a-writer-1"


@pytest.fixture
def writer(client):
    writer = make_user("wren", roles=["HR", "Editors"])
    writer.set_password(PASSWORD)
    writer.save()
    client.force_login(writer)
    return writer


def filled(client, **changes):
    return sent(client.get(ADD), title="Summer party", body="<p>Come.</p>", **changes)


def hidden(page) -> dict:
    return {"_typed": page.context["typed"]}


def signing_in(page, password=PASSWORD) -> dict:
    return hidden(page) | {"username": "wren", "password": password}


class TestAFormOfNobody:
    def test_says_above_the_sign_in_that_nothing_was_saved(self, client, writer):
        form = filled(client)
        client.logout()

        page = client.post(ADD, form)

        assert LOST in page.content.decode()
        assert 'name="_typed"' in page.content.decode()
        assert 'action="/admin/documents/post/add/"' in page.content.decode()

    def test_comes_back_as_typed_after_signing_in_and_saves_nothing(self, client, writer):
        form = filled(client)
        client.logout()

        page = client.post(ADD, signing_in(client.post(ADD, form)))

        assert page.context["user"] == writer
        assert page.context["adminform"].form["title"].value() == "Summer party"
        assert "choose files anew" in page.content.decode()
        assert not Post.objects.exists()

    def test_comes_back_as_of_whoever_signed_in(self, client, writer):
        url = "/admin/staff/user/add/"
        form = sent(client.get(url), last_name="Quartz")
        client.logout()

        page = client.post(url, signing_in(client.post(url, form)))

        assert page.context["adminform"].form["last_name"].value() == "Quartz"

    def test_is_saved_from_there(self, client, writer):
        form = filled(client)
        client.logout()
        page = client.post(ADD, signing_in(client.post(ADD, form)))

        client.post(ADD, sent(page))

        assert Post.objects.get().title == "Summer party"

    def test_outlasts_a_wrong_password(self, client, writer):
        form = filled(client)
        client.logout()
        asked = client.post(ADD, form)

        again = client.post(ADD, signing_in(asked, "wrong"))

        assert again.context["form"].errors
        assert hidden(again) == hidden(asked)

    def test_is_carried_without_passwords_tokens_and_files(self, client, writer):
        form = filled(client, password1="secret-word", csrfmiddlewaretoken="stale-token")
        client.logout()

        page = client.post(ADD, form | {"photo": SimpleUploadedFile("a.png", b"of-a-file")})

        assert "title=Summer" in page.context["typed"]
        for it in ("secret-word", "stale-token", "of-a-file"):
            assert it not in page.context["typed"]

    def test_shows_nothing_to_whoever_has_no_right_to_it(self, client, writer):
        form = filled(client)
        client.logout()
        asked = client.post(ADD, form)
        User.objects.get().groups.clear()

        assert client.post(ADD, signing_in(asked)).status_code == 403

    def test_without_a_page_says_so_all_the_same(self, client):
        page = client.post("/admin/documents/post/", {"action": "publish"}, follow=True)

        assert LOST in page.content.decode()

    def test_is_not_what_asks_to_sign_out(self, client):
        assert said(client.post("/admin/logout/")) == []


class TestAFormOfAnEarlierSession:
    @pytest.fixture
    def stale(self, writer):
        client = Client(enforce_csrf_checks=True)
        client.force_login(writer)
        return client

    def test_comes_back_as_typed_and_saves_nothing(self, client, stale):
        form = filled(client) | {"csrfmiddlewaretoken": "x" * 64}
        stale.get(ADD)

        page = stale.post(ADD, form, headers={"origin": "http://testserver"})

        assert page.status_code == 200
        assert page.context["adminform"].form["title"].value() == "Summer party"
        assert "You signed in again meanwhile" in page.content.decode()
        assert not Post.objects.exists()

    @pytest.mark.parametrize("origin", ["http://evil.example", "null"])
    def test_is_refused_from_elsewhere(self, client, stale, origin):
        page = stale.post(ADD, filled(client), headers={"origin": origin})

        assert page.status_code == 403
