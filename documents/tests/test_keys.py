"""A key is a name, not a number: nothing that is led to or sent back has separators in it."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.urls import reverse

from intranet.models import SavedView
from staff.tests.factories import make_department, make_superuser, make_user

from .factories import make_document, make_post

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="sets what SQLite counts keys by"),
]
FIRST = 1_234_567
MODELS = {it._meta.label: it for it in admin.site._registry}


@pytest.fixture(autouse=True)
def rows(client):
    """Have some of all kinds, whose keys have seven digits."""
    tables = [it._meta.db_table for it in apps.get_models(include_auto_created=True)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence")
        values = [(it, FIRST - 1) for it in tables]
        cursor.executemany("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", values)
    client.force_login(root := make_superuser())
    SavedView.objects.create(person=root, page="staff.user", name="Mine", query="q=ada")
    ada = make_user("ada", department=make_department("Lab", groups=["Keys"], head=root))
    type(ada.profile).objects.filter(user=ada).update(manager=root)
    make_document(ada)
    make_post(audience=[ada.profile.department])


def pages(model) -> list[str]:
    """Return the addresses of a list, and of its newest row."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.order_by("-pk").first()
    own = ["change", "history", "delete"] if row else []
    return [reverse(f"{name}_changelist"), *(reverse(f"{name}_{it}", args=[row.pk]) for it in own)]


@pytest.mark.parametrize("label", MODELS)
def test_stand_on_pages_as_they_are(client, label):
    urls = pages(MODELS[label])

    assert not [url for url in urls if "1,234," in client.get(url).text]


def test_stand_so_on_the_page_that_asks(client):
    people = [*MODELS["staff.User"].objects.values_list("pk", flat=True)]

    sent = {"action": "delete_selected", "_selected_action": people}
    page = client.post("/admin/staff/user/", sent).text

    assert min(people) == FIRST
    assert "1,234," not in page
