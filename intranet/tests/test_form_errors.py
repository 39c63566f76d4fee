import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string

from staff.tests.factories import make_superuser, make_user

from .pages import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    client.force_login(make_superuser())
    return f"/admin/staff/user/{make_user('ada').pk}/change/"


def test_are_counted_and_led_to(client, page):
    data = opened(client, page) | {"email": "x", "username": "", "profile-0-phone": "1" * 80}

    html = client.post(page, data).text

    assert "3 errors. Nothing was saved." in html
    assert 'href="#id_email" data-first-error' in html


def test_of_an_inline_alone_are_led_to(client, page):
    data = opened(client, page) | {"profile-0-phone": "1" * 80}

    html = client.post(page, data).text

    assert "1 error. Nothing was saved." in html
    assert 'href="#id_profile-0-phone" data-first-error' in html


def test_of_no_field_are_counted_without_a_way(client, page):
    """That the page is outdated is said once, and not of the profile besides."""
    data = opened(client, page) | {"email": "new@example.com", "_opened": "forged"}

    html = client.post(page, data).text

    assert "1 error. Nothing was saved." in html
    assert "data-first-error" not in html


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"_opened": "forged"}, "1"),
        ({"email": "x"}, "1"),
        ({"email": "x", "_opened": "forged"}, "2"),
    ],
)
def test_are_counted_at_their_tab(client, page, changes, counted):
    html = client.post(page, opened(client, page) | {"email": "new@example.com"} | changes).text

    tabs = html.split('id="tabs-items"')[1].split("</nav>")[0]
    assert re.findall(r"bg-red-500[^>]*>\s*(\d+)", tabs) == [counted]


def test_say_that_a_file_did_not_stay_chosen(client, page):
    data = opened(client, page) | {"email": "x"}
    says = "A file has to be chosen again."

    assert says not in client.post(page, data).text
    photo = SimpleUploadedFile("ada.png", b"x")
    assert says in client.post(page, data | {"profile-0-photo": photo}).text


def test_by_the_thousand_are_counted_too():
    html = render_to_string(
        "unfold/helpers/messages/errornote.html", {"wrong": 1234, "errors": [1]}
    )

    assert "1,234 errors. Nothing was saved." in html


def test_are_not_spoken_of_where_there_are_none(client, page):
    assert "errornote" not in client.get(page).text


def test_of_a_new_password_are_counted(client, page):
    sent = {"old_password": "wrong", "new_password1": "a", "new_password2": "b"}

    html = client.post("/admin/password_change/", sent).text

    assert "2 errors. Nothing was saved." in html
    assert "Enter the password you have now, then the new one twice." in html


@pytest.mark.parametrize("sent", ["", "x", "99999999999"])
def test_of_a_page_cut_short_are_told(client, page, sent):
    counts = {"documents-TOTAL_FORMS": sent, "documents-INITIAL_FORMS": sent}

    for data in (opened(client, page) | counts, {"email": "new@example.com"} | counts):
        assert "Nothing was saved." in client.post(page, data).text
