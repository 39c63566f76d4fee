"""The removal of a file says whose it was, also when the rows that knew it are gone."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from documents.models import Document
from documents.tests.factories import make_document, png_bytes
from intranet.files.disk import DiskStorage
from intranet.files.models import FileRemoval
from intranet.trace.rehearsal import rehearse
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    ada = make_user("ada", first_name="Ada", last_name="Lovelace")
    ada.profile.photo.save("ada.png", ContentFile(png_bytes()))
    FileRemoval.objects.all().delete()
    return ada


def whose():
    return sorted(FileRemoval.objects.values_list("whose", flat=True))


class TestWhose:
    def test_is_the_owner_and_the_paper_after_all_is_deleted(self, ada):
        make_document(ada, title="Contract of 2031")
        make_document(ada, name="zeugnis.pdf")

        ada.delete()

        assert whose() == [
            "Ada Lovelace",
            "Ada Lovelace, Contract of 2031",
            "Ada Lovelace, zeugnis.pdf",
        ]

    def test_is_said_by_a_deletion_in_bulk_and_of_papers_alone(self, ada):
        make_document(ada, name="a.pdf")
        make_document(make_user("bob"), name="b.pdf")

        Document.objects.all().delete()

        assert whose() == ["Ada Lovelace, a.pdf", "bob, b.pdf"]

    def test_is_said_of_a_photo_that_is_replaced_or_taken_out(self, ada):
        ada.profile.photo = ContentFile(png_bytes((9, 9)), "new.png")
        ada.profile.save()
        ada.profile.photo.delete()

        assert {*whose()} == {"Ada Lovelace"}

    def test_is_the_user_name_of_whoever_has_no_other(self, ada):
        User.objects.filter(pk=ada.pk).update(first_name=" ", last_name="")

        ada.profile.photo.delete()

        assert {*whose()} == {"ada"}

    def test_is_cut_where_it_is_too_long(self, ada):
        User.objects.filter(pk=ada.pk).update(first_name="A" * 150, last_name="B" * 150)
        make_document(ada, title="C" * 200)

        Document.objects.all().delete()

        assert [len(it) for it in whose()] == [255]

    def test_costs_no_query_more_for_each_paper(self, ada, django_assert_num_queries):
        make_document(ada)
        with django_assert_num_queries(200, exact=False) as few:
            Document.objects.all().delete()
        for _ in range(5):
            make_document(make_user())

        with django_assert_num_queries(len(few)):
            Document.objects.all().delete()

    def test_is_written_by_no_rehearsal(self, ada):
        rehearse(ada.delete)

        assert whose() == []


class TestPage:
    def test_says_and_finds_whose_file_it_was(self, client, ada):
        ada.delete()
        FileRemoval.objects.create(storage="default", name="cvs/x.pdf", whose="Bob")
        client.force_login(make_superuser())

        shown = client.get(reverse("admin:intranet_fileremoval_changelist"), {"q": "lovelace"})

        assert "Ada Lovelace" in shown.content.decode()
        assert "Bob" not in shown.content.decode()

    def test_shows_markup_in_a_name_as_it_is(self, client, ada):
        FileRemoval.objects.create(storage="default", name="x", whose="<b>Bob</b>")
        client.force_login(make_superuser())

        shown = client.get(reverse("admin:intranet_fileremoval_changelist")).content.decode()

        assert "&lt;b&gt;Bob&lt;/b&gt;" in shown


def test_the_size_that_the_row_knows_is_said_without_asking_the_store(ada, monkeypatch):
    """Such as a bucket, where it takes a request for each file."""
    paper = make_document(ada)
    Document.objects.update(size=5 * 1024 * 1024)
    monkeypatch.setattr(DiskStorage, "size", lambda self, name: 1 / 0)

    plan = rehearse(paper.delete)

    assert "1 file (5.0\xa0MB) removed" in "\n".join(plan.lines)
