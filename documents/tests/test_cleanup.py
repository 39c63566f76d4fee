"""What the project's own engine does beyond what both engines do (see test_engines.py)."""

import threading
from contextlib import nullcontext, suppress
from hashlib import sha256

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.serializers import serialize
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model
from django.db.models.signals import post_init, pre_delete, pre_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import Document
from documents.receivers import describe_file
from documents.tests.factories import jpeg_bytes, make_document, pdf_bytes
from intranet.files.cleanup import carry_out_at_once, remove_replaced_files
from intranet.files.models import FileRemoval
from intranet.trace.wiring import connect, uid
from staff.models import User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


class Abandoned(Exception):
    pass


@pytest.fixture
def other():
    return make_document(make_user())


def new_file(text="new"):
    return ContentFile(pdf_bytes(text), name="new.pdf")


def stored():
    return {f"cvs/{name}" for name in default_storage.listdir("cvs")[1]}


def removals():
    return list(FileRemoval.objects.order_by("pk").values_list("name", "reason"))


def states():
    return [removal.status for removal in FileRemoval.objects.order_by("pk")]


class TestRemoveFilesOfDeletedRows:
    def test_asks_in_the_transaction_and_removes_after_commit(self, paper):
        with transaction.atomic():
            paper.delete()

            assert removals() == [(paper.file.name, "deleted")]
            assert stored() == {paper.file.name}

        assert stored() == set()
        assert states() == ["removed"]

    def test_leaves_nothing_after_a_rollback(self, paper):
        with pytest.raises(Abandoned), transaction.atomic():
            paper.delete()
            raise Abandoned

        assert removals() == []
        assert stored() == {paper.file.name}

    def test_goes_by_the_row_when_the_copy_is_old(self, paper):
        old = Document.objects.get()
        paper.file = new_file()
        paper.save()

        old.delete()

        assert stored() == set()

    def test_goes_by_the_row_when_the_name_was_not_read(self, paper):
        Document.objects.only("id").get().delete()

        assert stored() == set()

    def test_a_file_that_another_row_names_stays(self, paper, other):
        gone = other.file.name
        other.file = paper.file.name
        other.save()

        paper.delete()

        assert stored() == {paper.file.name}
        assert removals() == [(gone, "replaced"), (paper.file.name, "deleted")]
        assert states() == ["removed", "kept"]

        other.delete()

        assert stored() == set()

    def test_a_file_that_is_gone_already_is_no_trouble(self, paper):
        default_storage.delete(paper.file.name)

        paper.delete()

        assert states() == ["removed"]

    def test_takes_as_many_statements_for_many_rows_as_for_few(self):
        def statements(count):
            owner = make_user()
            for _ in range(count):
                make_document(owner, content=b"x")
            with CaptureQueriesContext(connection) as queries, transaction.atomic():
                Document.objects.filter(owner=owner).delete()
            return len(queries)

        statements(1)  # content types are looked up once
        assert statements(2) == statements(40)

    def test_takes_one_statement_for_the_removals(self, paper, other):
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            Document.objects.all().delete()

        written = [it["sql"].split('"')[1] for it in queries if "INSERT INTO" in it["sql"]]
        assert written.count("documents_fileremoval") == 1

    def test_reads_names_without_a_query_of_its_own_per_row(self, paper, django_assert_num_queries):
        assert not post_init.has_listeners(Document)
        with django_assert_num_queries(1):
            list(Document.objects.only("id")[:100])


class TestADeletionThatFails:
    """What was read for it must not be taken for what a later one finds."""

    @pytest.fixture
    def veto(self):
        def refuse(sender, **kwargs):
            raise Abandoned

        pre_delete.connect(refuse, sender=Document, dispatch_uid="veto")
        yield lambda: pre_delete.disconnect(sender=Document, dispatch_uid="veto")
        pre_delete.disconnect(sender=Document, dispatch_uid="veto")

    def test_leaves_nothing_behind(self, paper, veto):
        with pytest.raises(Abandoned):
            paper.delete()

        assert removals() == []
        assert stored() == {paper.file.name}

    @pytest.mark.parametrize("around", [transaction.atomic, nullcontext])
    def test_is_read_anew_when_it_is_tried_again(self, paper, other, veto, around):
        papers = Document.objects.all()
        with around():
            with suppress(Abandoned), transaction.atomic():
                papers.delete()
            for row in papers:
                row.file = new_file()
                row.save()
            veto()
            papers.delete()

        assert stored() == set()

    def test_a_savepoint_takes_its_removals_with_it(self, paper, other):
        with transaction.atomic():
            other.delete()
            with pytest.raises(Abandoned), transaction.atomic():
                paper.delete()
                raise Abandoned

        assert stored() == {paper.file.name}
        assert len(removals()) == 1

    def test_threads_do_not_see_each_others(self, paper, other):
        if connection.vendor == "sqlite":
            pytest.skip("an in-memory database has one connection")

        def delete_other():
            Document.objects.get(pk=other.pk).delete()
            connection.close()

        with pytest.raises(Abandoned), transaction.atomic():
            paper.delete()
            thread = threading.Thread(target=delete_other)
            thread.start()
            thread.join()
            raise Abandoned

        assert stored() == {paper.file.name}


class TestRemoveReplacedFiles:
    def test_is_silent_when_the_file_stays(self, paper):
        paper.title = "Another title"
        paper.save()

        assert removals() == []

    def test_is_silent_when_the_file_is_not_saved(self, paper):
        paper.file = new_file()
        paper.save(update_fields=["title"])

        assert removals() == []

    def test_ignores_raw(self, paper, tmp_path):
        fixture = tmp_path / "papers.json"
        name = paper.file.name
        fixture.write_text(serialize("json", [paper]).replace(name, "cvs/other.pdf"))

        call_command("loaddata", fixture, verbosity=0)

        assert Document.objects.get().file.name == "cvs/other.pdf"
        assert removals() == []

    def test_works_when_the_name_was_not_read(self, paper):
        row = Document.objects.defer("file").get()
        row.file = new_file()
        row.save()

        assert stored() == {row.file.name}

    def test_saving_an_old_copy_does_not_bring_back_a_removed_file(self, paper):
        old = Document.objects.get()
        paper.file = new_file()
        paper.save()

        old.title = "Saved late"
        old.save()

        row = Document.objects.get()
        assert (row.file.name, row.sha256) == (paper.file.name, paper.sha256)
        assert stored() == {paper.file.name}

    def test_bringing_back_a_deleted_row_does_not_name_its_removed_file(self, paper):
        old = Document.objects.get()
        paper.delete()

        old.save()

        assert Document.objects.get().file.name == ""

    def test_a_file_that_is_being_removed_is_not_taken(self, paper):
        going = default_storage.save("cvs/going.pdf", new_file())
        FileRemoval.objects.create(storage="default", name=going, reason="deleted", attempts=1)
        kept = paper.file.name

        paper.file = going
        paper.save()

        assert Document.objects.get().file.name == kept

    def test_a_file_that_waits_for_its_removal_can_be_taken(self, paper):
        going = default_storage.save("cvs/going.pdf", new_file())
        FileRemoval.objects.create(storage="default", name=going, reason="deleted")

        paper.file = going
        paper.save()

        assert stored() == {going}

    def test_a_name_whose_file_is_yet_to_come_is_taken_as_it_is(self, paper):
        paper.file = "cvs/restored-later.pdf"
        paper.save()

        assert Document.objects.get().file.name == "cvs/restored-later.pdf"

    def test_two_rows_swap_their_files(self, paper, other):
        names = {paper.file.name, other.file.name}

        with transaction.atomic():
            paper.file, other.file = other.file.name, paper.file.name
            paper.save()
            other.save()

        assert stored() == names
        assert states() == ["kept", "kept"]

    def test_carries_out_once_for_a_transaction(self, paper, other, monkeypatch):
        calls = []
        monkeypatch.setattr("intranet.files.cleanup.carry_out_at_once", calls.append)

        with transaction.atomic():
            for row in (paper, other):
                row.file = new_file()
                row.save()

        assert calls == ["default"]

    def test_waits_for_the_grace_period(self, paper, settings):
        settings.FILE_REMOVAL_GRACE = 60
        old = paper.file.name

        paper.file = new_file()
        paper.save()

        assert old in stored()
        assert not FileRemoval.objects.due().exists()

    def test_waits_for_the_row_of_a_save_outside_a_transaction(self):
        profile = make_user().profile
        profile.photo = ContentFile(jpeg_bytes(), name="me.jpg")
        Model.save(profile)
        old = profile.photo.name

        profile.photo = ""
        Model.save(profile)

        assert default_storage.exists(old)
        assert not FileRemoval.objects.due().exists()

        FileRemoval.objects.update(due_at=timezone.now())
        carry_out_at_once(DEFAULT_DB_ALIAS)

        assert not default_storage.exists(old)


class TestOrder:
    """Whichever receiver comes first, a paper's row describes the file that it names."""

    @pytest.fixture(params=["first", "last"], autouse=True)
    def describe_file(self, request):
        """Connects describe_file before or after the receivers of the file cleanup."""
        pre_save.disconnect(sender=Document, dispatch_uid=uid(describe_file))
        pre_save.disconnect(sender=Document, dispatch_uid=uid(remove_replaced_files))
        receivers = [describe_file, remove_replaced_files]
        for receiver in receivers if request.param == "first" else reversed(receivers):
            connect(pre_save, receiver, Document)

    def test_a_name_whose_file_is_being_removed(self, paper):
        going = default_storage.save("cvs/going.pdf", new_file())
        FileRemoval.objects.create(storage="default", name=going, reason="deleted", attempts=1)
        described = paper.sha256

        paper.file = going
        paper.save()

        row = Document.objects.get()
        assert row.file.name != going
        assert (row.sha256, paper.sha256) == (described, described)

    def test_an_old_copy_of_a_deleted_row(self, paper):
        old = Document.objects.get()
        old.original_name = ""
        paper.delete()

        old.save()

        row = Document.objects.get()
        assert (row.file.name, row.original_name) == ("", "")

    def test_a_new_file(self, paper):
        paper.file = new_file()
        paper.save()

        assert stored() == {paper.file.name}
        assert Document.objects.get().sha256 == sha256(paper.file.read()).hexdigest()


class TestFieldFileDelete:
    def test_removes_after_commit(self, paper):
        with transaction.atomic():
            paper.file.delete()

            assert len(stored()) == 1

        assert stored() == set()
        assert Document.objects.get().file.name == ""

    def test_keeps_the_file_after_a_rollback(self, paper):
        with pytest.raises(Abandoned), transaction.atomic():
            paper.file.delete()
            raise Abandoned

        assert stored() == {Document.objects.get().file.name}

    def test_without_saving_the_row_keeps_its_file_until_it_is_saved(self, paper):
        paper.file.delete(save=False)

        assert len(stored()) == 1

        paper.save()

        assert stored() == set()

    def test_removes_an_upload_that_was_never_saved(self):
        paper = Document(owner=make_user())
        paper.file.save("a.pdf", new_file(), save=False)

        paper.file.delete(save=False)

        assert stored() == set()

    def test_is_forgotten_with_the_engine(self, choose_engine, paper):
        choose_engine("django-cleanup")

        with transaction.atomic():
            paper.file.delete()

            assert stored() == set()


class TestCascade:
    def test_a_person_deleted_in_bulk_takes_all_papers(self, paper, other):
        User.objects.filter(pk__in=[paper.owner_id, other.owner_id]).delete()

        assert stored() == set()
