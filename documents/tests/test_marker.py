import os
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection, transaction

from documents.models import Document
from documents.tests.factories import make_document
from intranet.files.listing import MARKER, stored_files
from intranet.files.marker import NotTied, check, is_tied, read, retie, tie, tie_before_upload
from intranet.files.models import FileRemoval, Identity
from staff.models import Profile
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


def store(name="cvs/left.pdf"):
    return default_storage.save(name, ContentFile(b"x"))


class TestFirstUse:
    def test_an_empty_store_is_tied(self):
        check("default")

        assert is_tied(default_storage)

    def test_a_store_of_an_existing_site_is_tied(self):
        make_document(make_user())
        default_storage.delete(MARKER)

        check("default")

        assert is_tied(default_storage)

    def test_a_file_that_waits_for_its_removal_is_known(self):
        FileRemoval.objects.create(storage="default", name=store(), reason="deleted")

        check("default")

        assert is_tied(default_storage)

    def test_a_store_with_a_file_that_no_row_names_is_not_tied_silently(self):
        store()

        with pytest.raises(NotTied, match="has no marker, and holds 1 file that no row names"):
            check("default")
        assert not is_tied(default_storage)

    def test_an_empty_store_of_a_database_that_names_files_is_not_tied_silently(self, settings):
        make_document(make_user())
        settings.MEDIA_ROOT += "-mistyped"

        with pytest.raises(NotTied, match="is empty and has no marker") as error:
            check("default")
        assert settings.MEDIA_ROOT in str(error.value)
        assert not is_tied(default_storage)


class TestTieNewStore:
    def test_ties_an_empty_store_before_the_first_upload(self):
        make_document(make_user())

        assert is_tied(default_storage)

    def test_ties_it_even_if_the_upload_is_rolled_back(self):
        owner = make_user()
        with suppress(RuntimeError), transaction.atomic():
            make_document(owner)
            raise RuntimeError

        check("default")

    def test_leaves_a_store_with_files_to_the_sweep(self):
        owner = make_user()
        make_document(owner)
        default_storage.delete(MARKER)

        make_document(owner)

        assert not default_storage.exists(MARKER)

    def test_leaves_the_store_of_another_alone(self):
        default_storage.save(MARKER, ContentFile(b"somebody else"))

        make_document(make_user())

        assert read(default_storage) == "somebody else"

    def test_ignores_rows_without_a_new_file(self):
        Document(owner=make_user(), file="cvs/a.pdf").save()

        assert not default_storage.exists(MARKER)

    def test_ignores_fixtures(self):
        Document(owner=make_user(), file=ContentFile(b"x", "a.pdf")).save_base(raw=True)

        assert not default_storage.exists(MARKER)

    def test_costs_a_later_upload_no_query(self, django_assert_num_queries):
        paper = make_document(make_user())
        paper.file = ContentFile(b"x", "b.pdf")

        with django_assert_num_queries(0):
            tie_before_upload(paper)


class TestAnother:
    def test_database_is_refused(self):
        tie(default_storage)
        Identity.objects.all().delete()

        with pytest.raises(NotTied, match="is tied to another database or site"):
            check("default")

    def test_host_of_a_copied_database_is_refused(self, settings):
        tie(default_storage)
        settings.SITE_URL = "https://staging.test:8001"

        with pytest.raises(NotTied, match=r"\(intranet.test\)"):
            check("default")

    def test_port_is_the_same_site(self, settings):
        tie(default_storage)
        settings.SITE_URL = "https://intranet.test:8001"

        check("default")

    def test_sites_marker_is_overwritten_when_told_so(self):
        default_storage.save(MARKER, ContentFile(b"somebody else"))

        tie(default_storage)

        check("default")
        assert default_storage.listdir("")[1] == [MARKER]

    def test_identity_is_given_to_database_and_stores(self, tmp_path, monkeypatch):
        photos = FileSystemStorage(location=tmp_path / "photos")
        monkeypatch.setattr(Profile._meta.get_field("photo"), "storage", photos)
        tie(default_storage)
        before = Identity.objects.get().value

        retie()

        assert Identity.objects.get().value != before
        assert is_tied(default_storage)
        assert is_tied(photos)


class TestStoredFiles:
    def test_are_without_the_marker(self):
        tie(default_storage)

        assert not stored_files(default_storage)

    def test_are_without_the_folder_of_another_site(self):
        store("elsewhere/cvs/a.pdf")
        store(f"elsewhere/{MARKER}")
        name = store("elsewhere.pdf")

        assert set(stored_files(default_storage)) == {name}

    def test_are_without_the_folder_of_another_storage(self, monkeypatch):
        photos = FileSystemStorage(location=default_storage.path("photos"))
        monkeypatch.setattr(Profile._meta.get_field("photo"), "storage", photos)
        check("staff.Profile.photo")
        store("photos/a.jpg")

        assert not stored_files(default_storage)

    def test_do_not_ask_for_what_the_file_system_lets_nobody_read(self, monkeypatch):
        store("lost+found/x")
        opened, scandir = [], os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: opened.append(path) or scandir(path))

        stored_files(default_storage)

        assert opened == [default_storage.path("")]

    def test_are_without_what_the_file_system_keeps_at_any_depth(self):
        store("cvs/lost+found/x")
        store("cvs/.gitkeep")

        assert not stored_files(default_storage)


def test_migrating_gives_a_database_its_identity():
    Identity.objects.all().delete()

    migration = import_module("documents.migrations.0004_identity")
    state = SimpleNamespace(get_model=lambda app_label, name: Identity)
    migration.give_identity(state, SimpleNamespace(connection=connection))

    assert Identity.objects.count() == 1
