import pytest
from django.test import Client
from django.urls import path, reverse

from intranet.urls import handler403, handler404  # noqa: F401
from intranet.urls import urlpatterns as site
from staff.tests.factories import make_superuser, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
OWN_COLOUR = "--color-primary-600: rgb(21, 113, 107)"


def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [path("broken/", broken), *site]


class TestErrorPages:
    def test_what_does_not_exist_is_said_in_plain_words(self, client):
        page = client.get("/nowhere/")

        assert page.status_code == 404
        assert "There is nothing here" in page.content.decode()
        assert OWN_COLOUR in page.content.decode()

    def test_the_same_is_said_in_development(self, settings):
        settings.DEBUG = True

        page = Client().get("/nowhere/")

        assert page.status_code == 404
        assert "There is nothing here" in page.content.decode()
        assert "DEBUG" not in page.content.decode()

    def test_what_is_forbidden_says_whom_to_ask(self, client):
        client.force_login(make_user())

        page = client.get(reverse("receivers"))

        assert page.status_code == 403
        assert "This page is not open to you" in page.content.decode()

    def test_a_stale_form_says_that_nothing_was_saved(self):
        client = Client(enforce_csrf_checks=True)

        page = client.post(reverse("admin:login"), {"username": "ada"})

        assert page.status_code == 403
        assert "Nothing was saved" in page.content.decode()
        assert OWN_COLOUR in page.content.decode()

    def test_a_crash_needs_neither_theme_nor_database(self, client, django_assert_num_queries):
        client.raise_request_exception = False

        with django_assert_num_queries(0):
            page = client.get("/broken/")

        assert page.status_code == 500
        assert "Something went wrong" in page.content.decode()

    def test_an_unknown_host_gets_the_plain_page(self, client):
        page = client.get("/admin/", headers={"host": "evil.example"})

        assert page.status_code == 400
        assert "makes no sense here" in page.content.decode()


@pytest.mark.parametrize("query", ["department", "department__in", "manager__id__in"])
def test_a_list_takes_no_key_that_there_cannot_be(client, query):
    client.force_login(make_superuser())

    page = client.get(reverse("admin:staff_profile_changelist"), {query: "9" * 30}, follow=True)

    assert page.status_code == 200
