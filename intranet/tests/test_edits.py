"""What an edit leaves alone; staff/tests and documents/tests have the pages."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intranet.models import Mail
from intranet.tests.outbox import text_of
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db
NEW = {"new_password1": "Zq4-lantern-moss", "new_password2": "Zq4-lantern-moss"}


def columns_written(queries, table="staff_user"):
    """Return the text between SET and WHERE of each update of a table."""
    updates = [it["sql"] for it in queries if it["sql"].startswith(f'UPDATE "{table}" SET')]
    return [sql.partition(" SET ")[2].partition(" WHERE ")[0] for sql in updates]


class TestChoosingAPassword:
    def test_on_the_own_page_writes_the_password_alone(self, client):
        user = make_user("ann")
        client.force_login(user)

        with CaptureQueriesContext(connection) as queries:
            client.post(reverse("admin:password_change"), {"old_password": "secret", **NEW})

        user.refresh_from_db()
        assert user.check_password("Zq4-lantern-moss")
        assert all("email" not in written for written in columns_written(queries))

    def test_of_somebody_deactivated_meanwhile_lets_nobody_in(self, client, monkeypatch):
        """The row changes while the new password is being hashed, which takes long."""
        user = make_user("ann")
        client.force_login(user)

        def deactivate_meanwhile(person, raw):
            get_user_model().objects.filter(pk=person.pk).update(is_active=False)
            person.password = make_password(raw)

        monkeypatch.setattr(get_user_model(), "set_password", deactivate_meanwhile)
        client.post(reverse("admin:password_change"), {"old_password": "secret", **NEW})

        user.refresh_from_db()
        assert (user.is_active, user.check_password("Zq4-lantern-moss")) == (False, True)

    def test_by_a_link_writes_the_password_alone(self, client):
        user = get_user_model().objects.create_user("ann", "ann@example.com", is_staff=True)
        link = re.search(r"/admin/password_reset/\S+", text_of(Mail.objects.get())).group()
        page = client.get(link)["Location"]

        with CaptureQueriesContext(connection) as queries:
            client.post(page, NEW)

        user.refresh_from_db()
        assert user.check_password("Zq4-lantern-moss")
        assert all("email" not in written for written in columns_written(queries))
