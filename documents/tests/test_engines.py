"""What both file cleanup engines do."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_init
from django.urls import reverse

from documents.models import Document
from documents.tests.factories import jpeg_bytes, make_document
from documents.tests.test_versions import renewed
from intranet.models import Action
from intranet.tests.pages import confirmed, posted
from intranet.trace.action import begin
from intranet.trace.undo import undo
from staff.models import Profile
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db(transaction=True)


class Abandoned(Exception):
    pass


@pytest.fixture(params=["receiver", "django-cleanup"], autouse=True)
def engine(request, choose_engine):
    choose_engine(request.param)
    return request.param


@pytest.fixture
def profile():
    profile = make_user().profile
    profile.photo = ContentFile(jpeg_bytes(), name="me.jpg")
    profile.save()
    return profile


def stored():
    """Return the names of all files in the storage."""
    folders = default_storage.listdir("")[0]
    return {f"{folder}/{name}" for folder in folders for name in default_storage.listdir(folder)[1]}


class TestDeleting:
    def test_a_row_takes_its_file(self, paper):
        paper.delete()

        assert stored() == set()

    def test_rows_in_bulk_take_their_files(self, paper):
        kept = make_document(make_user())
        make_document(paper.owner)

        Document.objects.filter(owner=paper.owner).delete()

        assert stored() == {kept.file.name}

    def test_a_person_takes_papers_and_photo(self, profile):
        make_document(profile.user)

        profile.user.delete()

        assert stored() == set()

    def test_a_rollback_keeps_the_file(self, paper):
        with pytest.raises(Abandoned), transaction.atomic():
            paper.delete()
            raise Abandoned

        assert stored() == {paper.file.name}


class TestSaving:
    def test_a_new_file_takes_the_place_of_the_old(self, paper):
        paper.file = ContentFile(b"new", name="new.pdf")
        paper.save()

        assert stored() == {paper.file.name}

    def test_a_new_photo_takes_the_place_of_the_old(self, profile):
        profile.photo = ContentFile(jpeg_bytes(), name="new.jpg")
        profile.save()

        assert stored() == {profile.photo.name}

    def test_clearing_the_photo_removes_it(self, profile):
        profile.photo = ""
        profile.save()

        assert stored() == set()

    def test_the_clear_box_on_the_page_removes_the_photo(self, client, profile):
        client.force_login(make_superuser())
        url = reverse("admin:staff_user_change", args=[profile.user.pk])
        data = posted(client.get(url), **{"profile-0-photo-clear": "on"})

        confirmed(client, url, data)

        assert not Profile.objects.get(pk=profile.pk).photo
        assert stored() == set()

    def test_other_changes_keep_the_file(self, paper):
        paper.title = "New title"
        paper.save()

        assert stored() == {paper.file.name}

    def test_a_rollback_keeps_the_old_file(self, paper):
        old = paper.file.name

        with pytest.raises(Abandoned), transaction.atomic():
            paper.file = ContentFile(b"new", name="new.pdf")
            paper.save()
            raise Abandoned

        assert old in stored()


class TestRenewing:
    def test_the_old_file_stays_until_its_version_goes(self, paper):
        new = renewed(paper)

        assert stored() == {paper.file.name, new.file.name}

        Document.objects.get(pk=paper.pk).delete()
        assert stored() == {new.file.name}

    def test_a_current_paper_takes_its_former_versions_along(self, paper):
        renewed(paper).delete()

        assert stored() == set()

    def test_undone_only_the_new_file_goes(self, paper):
        with begin(make_superuser()) as act:
            renewed(paper)
        with begin(make_superuser("boss")):
            undo(Action.objects.get(pk=act.id), lambda right, row: True)

        assert stored() == {paper.file.name}


class TestSwitching:
    def test_only_django_cleanup_listens_to_reading(self, engine):
        assert post_init.has_listeners(Profile) == (engine == "django-cleanup")
