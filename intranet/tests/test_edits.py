"""What an edit leaves alone; staff/tests and documents/tests have the pages."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.tests.factories import jpeg_bytes, make_document, make_post, require
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from intranet.tests.pages import opened
from staff.models import Department
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
WRITES = re.compile("UPDATE|INSERT|DELETE")
NOT_THE_ROW = {"django_admin_log", "intranet_sentform", "django_session"}
NEW = {"new_password1": "Zq4-lantern-moss", "new_password2": "Zq4-lantern-moss"}


def columns_written(queries, table="staff_user"):
    """Return the text between SET and WHERE of each update of a table."""
    updates = [it["sql"] for it in queries if it["sql"].startswith(f'UPDATE "{table}" SET')]
    return [sql.partition(" SET ")[2].partition(" WHERE ")[0] for sql in updates]


class TestEveryChangePage:
    """Of all pages that the site has, opened and saved as they are."""

    @pytest.fixture
    def rows(self):
        """One row, with everything filled in, of each model that has a page to change it."""
        lab = make_department("Lab", groups=["Keys"])
        ann = make_user("ann", first_name="Ann", department=lab, roles=["HR"])
        ann.profile.photo.save("ann.jpg", ContentFile(jpeg_bytes()))
        for name in ("user_permissions", "groups"):
            owner = ann if name == "user_permissions" else lab
            getattr(owner, name).add(getattr(owner, name).model.objects.first())
        Department.objects.update(head=ann)
        keys = Group.objects.get(name="Keys")
        keys.permissions.add(Permission.objects.first())
        paper = make_document(ann, title="CV", expires_on="2030-01-01", uploaded_by=ann)
        post = make_post("Party", audience=[lab], ends=5, author=ann, pinned=True)
        return [lab, ann, keys, paper, post, require(department=lab, job_title="Clerk")]

    def test_nothing_is_written(self, client, rows):
        client.force_login(make_superuser())
        request = RequestFactory().get("/")
        request.user = make_superuser("second")
        changeable = {
            model for model, it in admin.site._registry.items() if it.has_change_permission(request)
        }
        assert changeable == {type(row) for row in rows}

        for row in rows:
            opts = row._meta
            url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
            form = opened(client, url)
            with CaptureQueriesContext(connection) as queries:
                assert client.post(url, form).status_code == 302
            written = {it["sql"].split('"')[1] for it in queries if WRITES.match(it["sql"])}
            assert written <= NOT_THE_ROW, row


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
