"""Renewing a paper: what becomes of the old one."""

from datetime import date

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.models import Document
from documents.tests.factories import make_document, pdf_bytes
from documents.versions import next_version, renew, step_back
from intranet.models import Action, FileRemoval
from intranet.tests.pages import confirmed
from intranet.trace.action import begin
from intranet.trace.undo import undo
from intranet.vetoes import Veto
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/documents/document/"


@pytest.fixture
def ada():
    return make_user("ada", first_name="Ada", last_name="Example", is_staff=False)


@pytest.fixture
def paper(ada):
    return make_document(ada, name="old.pdf", title="First aid", expires_on=date(2030, 5, 1))


def renewed(paper, name="new.pdf", **fields):
    """Renew a paper as its page does; return the new one."""
    paper = Document.objects.get(pk=paper.pk)
    for field, value in fields.items():
        setattr(paper, field, value)
    paper.file = ContentFile(pdf_bytes(name), name=name)
    return renew(paper.pk, next_version(paper))


class TestRenew:
    def test_the_old_paper_keeps_file_checksum_and_dates(self, paper):
        before = Document.objects.filter(pk=paper.pk).values()[0]

        new = renewed(paper, expires_on=date(2033, 5, 1))

        after = Document.objects.filter(pk=paper.pk).values()[0]
        assert after == before | {"replaced_by_id": new.pk}
        assert default_storage.exists(after["file"])
        assert (new.original_name, new.sha256 != before["sha256"]) == ("new.pdf", True)
        assert new.uploaded_at > paper.uploaded_at
        assert not FileRemoval.objects.exists()

    def test_renewed_twice_all_lead_to_the_current_one(self, paper):
        second = renewed(paper, "second.pdf")
        third = renewed(second, "third.pdf")

        assert set(third.former_versions.all()) == {paper, second}
        assert list(Document.objects.current()) == [third]

    @pytest.mark.parametrize("gone", [False, True])
    def test_what_was_renewed_or_deleted_meanwhile_is_refused(self, paper, gone):
        late = Document.objects.get(pk=paper.pk)
        paper.delete() if gone else renewed(paper)

        with pytest.raises(Veto, match="meanwhile"):
            renew(late.pk, next_version(late))

        assert Document.objects.count() == (0 if gone else 2)

    def test_a_rollback_leaves_one_paper(self, paper):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            renewed(paper)
            raise ZeroDivisionError

        assert list(Document.objects.current()) == [paper]

    def test_a_save_in_a_shell_replaces_the_file_of_the_row_as_ever(self, paper):
        old = paper.file.name
        paper.file = ContentFile(pdf_bytes("Other"), name="other.pdf")
        paper.save()

        assert Document.objects.get().original_name == "other.pdf"
        assert FileRemoval.objects.get().name == old

    def test_no_paper_replaces_itself(self, paper):
        with pytest.raises(IntegrityError), transaction.atomic():
            Document.objects.update(replaced_by=paper)

    def test_it_comes_back_from_a_dump(self, paper, tmp_path):
        new = renewed(paper)
        dump = str(tmp_path / "papers.json")
        call_command("dumpdata", "documents.document", output=dump)
        Document.objects.all()._raw_delete("default")

        call_command("loaddata", dump, verbosity=0)

        assert Document.objects.get(replaced_by=new).original_name == "old.pdf"
        assert not FileRemoval.objects.exists()

    def test_undone_the_old_paper_is_current_again(self, paper):
        root = make_superuser()
        second = renewed(paper, "second.pdf")
        with begin(root) as act:
            third = renewed(second, "third.pdf")

        with begin(root):
            undo(Action.objects.get(pk=act.id), lambda right, row: True)

        assert list(Document.objects.current()) == [second]
        assert list(second.former_versions.all()) == [paper]
        assert [it.name for it in FileRemoval.objects.all()] == [third.file.name]

    def test_it_is_not_undone_once_the_new_paper_was_changed(self, paper):
        root = make_superuser()
        with begin(root) as act:
            new = renewed(paper)
        with begin(root):
            new.title = "Renewed"
            new.save()

        with begin(root), pytest.raises(Veto, match="nothing left to undo"):
            undo(Action.objects.get(pk=act.id), lambda right, row: True)

        paper.refresh_from_db()
        assert paper.replaced_by == new


class TestOwner:
    def test_former_versions_follow_to_another_person(self, paper):
        new = renewed(paper)
        bob = make_user("bob")
        new.owner = bob
        new.save()

        assert set(bob.documents.all()) == {paper, new}

    def test_they_go_with_the_person(self, paper, ada):
        new = renewed(paper)

        ada.delete()

        assert {it.name for it in FileRemoval.objects.all()} == {paper.file.name, new.file.name}
        assert not Document.objects.exists()


class TestDeletingTheCurrentOne:
    def test_the_newest_former_version_takes_its_place(self, hr, paper):
        third = renewed(renewed(paper, "second.pdf"), "third.pdf")
        url = reverse("admin:documents_document_delete", args=[third.pk])

        html = hr.get(url).content.decode()
        confirmed(hr, url, {"former_versions": "keep"})

        second = Document.objects.current().get()
        assert "the newest takes the place" in html and "1 file (" in html
        assert second.original_name == "second.pdf"
        assert list(second.former_versions.all()) == [paper]

    def test_all_go_if_that_was_chosen(self, hr, paper):
        new = renewed(paper)
        url = reverse("admin:documents_document_delete", args=[new.pk])

        asked = hr.post(url, {"former_versions": "delete", "post": "yes", "_ask": "1"})
        confirmed(hr, url, {"former_versions": "delete", "post": "yes"})

        assert "Files: 2 files" in " ".join(asked.context["plan"].lines)
        assert not Document.objects.exists()

    def test_together_with_former_ones_nothing_is_asked(self, hr, paper):
        new = renewed(paper)
        chosen = {"action": "delete_selected", "_selected_action": [paper.pk, new.pk]}

        page = hr.post(f"{LIST}?versions=all", chosen)

        assert not page.context["form"].fields
        assert len(Document.objects.all()) == 2

    def test_a_former_one_goes_alone(self, hr, paper):
        second = renewed(paper, "second.pdf")
        third = renewed(second, "third.pdf")

        confirmed(hr, reverse("admin:documents_document_delete", args=[second.pk]), {"post": "yes"})

        assert list(third.former_versions.all()) == [paper]

    def test_many_step_back_in_few_queries(self):
        def queries(count):
            papers = [make_document(make_user()) for _ in range(count)]
            new = [renewed(paper).pk for paper in papers]
            with CaptureQueriesContext(connection) as captured:
                step_back(Document.objects.filter(pk__in=new))
            assert Document.objects.current().filter(pk__in=new).count() == count
            assert Document.objects.current().filter(pk__in=[it.pk for it in papers]).exists()
            return len(captured)

        queries(1)
        assert queries(1) == queries(5)
