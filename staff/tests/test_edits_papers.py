"""Papers on the page of a person, opened before and saved after somebody else's change."""

import pytest
from django.core.files.base import ContentFile

from documents.tests.factories import make_document, pdf_bytes
from intranet.tests.pages import confirmed, errors, opened, page, said, sent
from staff.models import User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


class TestPapersOnThePersonsPage:
    def test_keep_the_others_edit(self, client, ann):
        paper = make_document(ann, title="CV")
        form = opened(client, page(ann), **{"documents-0-kind": "contract"})
        type(paper).objects.filter(pk=paper.pk).update(title="Life")

        confirmed(client, page(ann), form)

        paper.refresh_from_db()
        assert (paper.kind, paper.title) == ("contract", "Life")

    def test_do_not_keep_the_rest_from_being_saved_when_one_is_gone(self, client, ann):
        make_document(ann, title="One")
        gone = make_document(ann, title="Two")
        form = opened(client, page(ann), first_name="Anna", **{"documents-1-title": "Three"})
        gone.delete()

        assert confirmed(client, page(ann), form).status_code == 302
        ann.refresh_from_db()
        assert (ann.first_name, ann.documents.get().title) == ("Anna", "Three")

    @pytest.mark.parametrize("way", ["deleted", "moved"])
    def test_say_so_when_one_is_gone(self, client, ann, way):
        paper = make_document(ann, title="One")
        form = opened(client, page(ann), first_name="Anna", **{"documents-0-title": "Two"})
        type(paper).objects.update(owner=make_user("bob")) if way == "moved" else paper.delete()

        response = confirmed(client, page(ann), form)

        assert any("1 paper of this page went meanwhile" in text for text in said(response))
        assert User.objects.get(pk=ann.pk).first_name == "Anna"
        assert not type(paper).objects.filter(title="Two")

    def test_show_the_others_when_one_is_gone_and_something_is_wrong(self, client, ann):
        for title in ("One", "Two", "Three"):
            make_document(ann, title=title)
        file = ContentFile(pdf_bytes(), name="new.pdf")
        form = opened(client, page(ann), email="wrong", **{"documents-2-file": file})
        last = form["documents-2-id"]
        ann.documents.get(pk=form["documents-0-id"][0]).delete()

        shown = sent(confirmed(client, page(ann), form))

        assert "documents-0-id" not in shown
        assert shown["documents-2-id"] == last
        confirmed(client, page(ann), shown | {"email": "ann@example.com", "first_name": "Anna"})
        assert User.objects.get(pk=ann.pk).first_name == "Anna"

    def test_nonsense_is_refused_in_words_when_one_is_gone(self, client, ann):
        paper = make_document(ann)
        form = opened(client, page(ann), **{"documents-TOTAL_FORMS": "many"})
        paper.delete()

        assert confirmed(client, page(ann), form).status_code == 200

    def test_a_paper_of_somebody_else_is_left_out(self, client, ann):
        make_document(ann, title="One")
        theirs = make_document(make_user("bob"), title="Two")
        form = opened(client, page(ann), **{"documents-0-id": theirs.pk})
        form["documents-0-title"] = "Mine"

        confirmed(client, page(ann), form)

        theirs.refresh_from_db()
        assert theirs.title == "Two"

    def test_changed_meanwhile_is_not_deleted_unseen(self, client, ann):
        paper = make_document(ann, title="One")
        form = opened(client, page(ann), **{"documents-0-DELETE": "on"})
        type(paper).objects.update(title="Keep this")

        refused = confirmed(client, page(ann), form)

        assert "Save again to delete it" in errors(refused)["kind"]
        assert ann.documents.exists()
        confirmed(client, page(ann), sent(refused))
        assert not ann.documents.exists()

    def test_changed_by_somebody_else_on_its_own_page_names_them(self, client, ann, other):
        paper = make_document(ann, title="One")
        form = opened(client, page(ann), **{"documents-0-title": "Mine"})
        confirmed(other, page(paper), opened(other, page(paper), title="Theirs"))

        text = errors(confirmed(client, page(ann), form))["title"]

        assert text.startswith("Otto Other changed this to “Theirs” on ")

    def test_name_nobody_who_changed_another_paper(self, client, ann, other):
        for title in ("One", "Two"):
            make_document(ann, title=title)
        form = opened(client, page(ann), **{"documents-0-title": "Mine"})
        confirmed(other, page(ann), opened(other, page(ann), **{"documents-1-title": "Theirs"}))
        ann.documents.filter(title="Two").update(title="From a shell")

        text = errors(confirmed(client, page(ann), form))["title"]

        assert text.startswith("Somebody changed this to “From a shell”, while ")
