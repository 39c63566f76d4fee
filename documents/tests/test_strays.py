"""Files that no row names, on their page: who sees them, and has them removed."""

import pytest
from django.core.files.storage import default_storage

from documents.tests.sweeping import orphan
from intranet.admin.file_faults import NOT_REMOVE, REMOVE
from intranet.files.marker import tie
from intranet.files.models import FileFault, FileRemoval
from intranet.files.removal import carry_out_removals
from intranet.files.sweep import Sweeper
from intranet.tests.pages import confirmed
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/intranet/filefault/"


@pytest.fixture(autouse=True)
def stray(settings):
    settings.FILE_REMOVAL_GRACE = 0
    tie(default_storage)
    orphan()
    Sweeper().run().keep()
    return FileFault.objects.get()


def remove(client, *faults):
    return confirmed(
        client, LIST, {"action": "remove", "_selected_action": [it.pk for it in faults]}
    )


def test_whoever_may_sees_how_large_and_old_it_is_and_has_it_removed(client, stray):
    client.force_login(make_superuser())
    missing = FileFault.objects.create(name="cvs/b.pdf", source="documents.Document.file")

    since = default_storage.get_modified_time(stray.name)
    shown = client.get(f"{LIST}?attention=files_without_row").content.decode()
    remove(client, stray, missing)
    carry_out_removals("default")

    assert "9\xa0bytes" in shown and str(REMOVE)[:30] in shown
    assert (stray.size, stray.stored_at) == (9, since)
    assert not default_storage.exists(stray.name)
    assert (FileRemoval.objects.get().size, FileFault.objects.get()) == (9, missing)


def test_the_page_before_says_what_goes_and_what_stays(client, stray):
    client.force_login(make_superuser())
    missing = FileFault.objects.create(name="cvs/b.pdf", source="documents.Document.file")

    asked = client.post(LIST, {"action": "remove", "_selected_action": [stray.pk, missing.pk]})

    assert any(
        it.startswith("Files: 1 file (9\xa0bytes) removed") for it in asked.context["plan"].lines
    )
    assert asked.context["plan"].left == ["Stays as it is, a row names it: cvs/b.pdf"]
    assert FileFault.objects.count() == 2


def test_others_see_them_and_who_removes_them(client, stray):
    client.force_login(make_user(roles=["HR"]))

    page = client.get(LIST)
    remove(client, stray)

    assert str(NOT_REMOVE) in page.content.decode()
    assert "files_without_row" in client.get("/admin/").content.decode()
    assert FileFault.objects.exists()
