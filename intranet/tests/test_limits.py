from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from django.urls import reverse

from staff.tests.factories import make_user

MEGABYTE = 1024 * 1024


class Unreadable:
    def read(self, *args):
        raise AssertionError("the body was read")

    readline = read


def announce(client, length, path=None):
    """Post a request that announces `length` bytes; reading any of them fails the test."""
    return client.generic(
        "POST",
        path or reverse("admin:login"),
        CONTENT_LENGTH=str(length),
        **{"wsgi.input": Unreadable()},
    )


@pytest.mark.django_db
class TestRequestSize:
    def test_an_anonymous_request_of_two_megabytes_is_refused_unread(self, client):
        response = announce(client, 2 * MEGABYTE)

        assert response.status_code == 413
        assert "This is too much at once" in response.content.decode()

    def test_somebody_signed_in_may_send_a_few_files(self, client, settings):
        client.force_login(make_user())

        response = announce(client, 2 * settings.UPLOAD_MAX_BYTES)

        assert response.status_code != 413

    def test_somebody_signed_in_is_refused_unread_over_the_limit(self, client, settings):
        client.force_login(make_user())

        response = announce(client, settings.REQUEST_MAX_BYTES + 1)

        assert response.status_code == 413
        assert "10.0\xa0MB" in response.content.decode()

    @pytest.mark.parametrize("length", ["", "many", "-1", "²"])
    def test_a_length_that_is_no_number_is_no_error(self, client, length):
        response = client.generic("POST", reverse("admin:login"), CONTENT_LENGTH=length)

        assert response.status_code == 200

    def test_a_request_without_length_is_taken_for_empty(self):
        environ = RequestFactory()._base_environ(REQUEST_METHOD="POST")
        environ["wsgi.input"] = BytesIO(bytes(5 * MEGABYTE))
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"

        assert WSGIRequest(environ).body == b""
