"""Browsers are called by their names, whatever they or strangers send as one."""

import pytest
from django.urls import reverse

from staff.models import SignIn
from staff.tests.factories import make_superuser

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (f"{WINDOWS}; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Windows"),
        (f"{WINDOWS}) {KIT} Chrome/131.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS}) {KIT} Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Windows"),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Chrome/131.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Mobile Safari on iOS",
        ),
        ("curl/8.1", "curl"),
        ("Lynx for ever", "Lynx for ever"),
        ("", ""),
        ("((((" * 50, "((((" * 50),
    ],
)
def test_are_called_by_their_names(sent, said):
    assert SignIn(user_agent=sent).browser == said


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["list", "sign-in", "person"])
def test_of_mischief_is_shown_as_it_is(client, page):
    root = make_superuser()
    client.force_login(root)
    row = SignIn.objects.create(user=root, username="root", user_agent="<script>evil()</script>")
    pages = {
        "list": reverse("admin:staff_signin_changelist"),
        "sign-in": reverse("admin:staff_signin_change", args=[row.pk]),
        "person": reverse("admin:staff_user_change", args=[root.pk]),
    }

    html = client.get(pages[page]).content.decode()

    assert "<script>evil()" not in html
    assert "&lt;script&gt;evil()" in html
