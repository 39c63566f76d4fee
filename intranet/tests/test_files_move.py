"""The tables of files change hands: from the app of papers to the ground floor."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from intranet.models import FileRemoval, Identity, Sweep

pytestmark = pytest.mark.slow

BEFORE = [("documents", "0005_plausible_years"), ("intranet", "0006_outbox_index")]


def state_before():
    """Go back to the state before and return its models."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    return MigrationExecutor(connection).loader.project_state(BEFORE).apps


@pytest.fixture
def old(transactional_db):
    yield state_before()
    call_command("migrate", verbosity=0)


def fill(old):
    old.get_model("documents", "FileRemoval").objects.create(
        storage="default", name="cvs/a.pdf", source="documents.Document.file", reason="deleted"
    )
    old.get_model("documents", "Sweep").objects.create(night=date(2030, 5, 3), findings=2)
    return old.get_model("documents", "Identity").objects.create().value


def test_rows_stay_where_they_are(old):
    identity = fill(old)

    call_command("migrate", verbosity=0)

    assert FileRemoval.objects.get().name == "cvs/a.pdf"
    assert Sweep.objects.get().findings == 2
    assert identity in Identity.objects.values_list("value", flat=True)
    assert FileRemoval._meta.db_table == "documents_fileremoval"


def test_rights_and_history_go_along(old):
    kind = ContentType.objects.get(app_label="documents", model="fileremoval")
    right = Permission.objects.get(content_type=kind, codename="view_fileremoval")

    call_command("migrate", verbosity=0)
    person = get_user_model().objects.create_user("ann", "ann@example.com")
    person.user_permissions.add(right)

    assert ContentType.objects.get(model="fileremoval").pk == kind.pk
    assert person.has_perm("intranet.view_fileremoval")


def test_it_can_be_taken_back(transactional_db):
    removal = FileRemoval.objects.create(storage="default", name="cvs/a", source="", reason="")

    old = state_before()
    found = old.get_model("documents", "FileRemoval").objects.get()
    call_command("migrate", verbosity=0)

    assert found.name == removal.name
    assert ContentType.objects.get(model="fileremoval").app_label == "intranet"
