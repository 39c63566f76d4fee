"""Keys that no row can have, in the fields that look a row up."""

import pytest
from django.urls import reverse

from intranet.tests.pages import posted
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db
KEYS = ["abc", "-1", "9" * 30, "\N{SUPERSCRIPT TWO}"]


@pytest.mark.parametrize("key", KEYS)
class TestAForgedKey:
    @pytest.mark.parametrize(
        ("page", "field"),
        [
            ("staff_user_add", "profile-0-manager"),
            ("staff_department_add", "head"),
            ("documents_document_add", "owner"),
        ],
    )
    def test_is_a_message_in_a_form(self, client, root, page, field, key):
        url = reverse(f"admin:{page}")

        response = client.post(url, posted(client.get(url), **{field: key}))

        assert "Select a valid choice" in response.content.decode()

    def test_in_the_address_is_ignored(self, client, root, key):
        response = client.get(reverse("admin:documents_document_add"), {"owner": key})

        assert response.status_code == 200

    def test_of_a_successor_is_a_message(self, client, root, key):
        url = reverse("admin:staff_user_leave_person", args=[make_user().pk])

        response = client.post(url, {"post": "yes", "left_on": "2026-01-01", "successor": key})

        assert response.context["form"].errors["successor"]
