"""Renewing a paper on its page, by its action, on its owner's page; and the list of papers."""

from datetime import date, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.urls import reverse
from django.utils import timezone

from documents.models import Document
from documents.tests.factories import make_document
from documents.tests.post_pages import said
from documents.tests.test_documents_admin import change, pdf
from documents.tests.test_versions import renewed
from intranet.models import FileRemoval
from intranet.tests.pages import confirmed, opened
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/documents/document/"


@pytest.fixture
def ada():
    return make_user("ada", first_name="Ada", last_name="Example", is_staff=False)


@pytest.fixture
def paper(ada):
    return make_document(ada, name="old.pdf", title="First aid", expires_on=date(2030, 5, 1))


def listed(response):
    return [paper.original_name for paper in response.context["cl"].result_list]


class TestForm:
    def test_another_file_keeps_the_old_paper_and_says_so_first(self, hr, paper):
        form = opened(hr, change(paper), file=pdf("new.pdf"), title="First aid 2033")

        asked = hr.post(change(paper), form)
        form["file"].seek(0)
        confirmed(hr, change(paper), form)

        plan = asked.context["plan"]
        assert "the old paper becomes a former version" in plan.reasons
        assert any(it.startswith("Kept: “First aid” as a former version") for it in plan.lines)
        new = Document.objects.current().get()
        assert (new.title, new.original_name) == ("First aid 2033", "new.pdf")
        assert new.former_versions.get().title == "First aid"

    def test_saved_to_go_on_it_leads_to_the_new_paper(self, hr, paper):
        form = opened(hr, change(paper), file=pdf("new.pdf"), _continue="1")

        answer = confirmed(hr, change(paper), form)

        assert answer.url.startswith(change(Document.objects.current().get()))

    def test_another_owner_gets_the_former_versions_as_well(self, hr, paper):
        bob = make_user("bob")

        confirmed(hr, change(paper), opened(hr, change(paper), file=pdf("new.pdf"), owner=bob.pk))

        assert bob.documents.count() == 2

    def test_the_choice_is_kept_when_the_form_comes_back(self, hr, paper):
        goes = {"file": pdf("new.exe"), "file-old": "delete"}

        html = hr.post(change(paper), opened(hr, change(paper), **goes)).content.decode()

        assert 'name="file-old" value="delete" checked' in html

    def test_of_two_renewals_at_once_the_second_saves_nothing(self, hr, paper):
        late = opened(hr, change(paper), file=pdf("late.pdf"))
        renewed(paper)

        page = hr.post(change(paper), late)

        assert "This can no longer be changed here" in page.content.decode()
        assert Document.objects.count() == 2

    def test_a_former_version_shows_what_followed_and_is_not_changed(self, hr, paper):
        second = renewed(paper, "second.pdf", title="Second")
        third = renewed(second, "third.pdf", title="Third")

        html = hr.get(change(paper)).content.decode()
        hr.post(change(paper), {"title": "Forged", "file": pdf("forged.pdf")})

        paper.refresh_from_db()
        assert (paper.title, paper.original_name) == ("First aid", "old.pdf")
        assert 'name="_save"' not in html and 'name="_addanother"' not in html
        assert change(second) in html and change(third) in html

    def test_the_current_one_lists_them_with_links(self, hr, paper):
        html = hr.get(change(renewed(paper, title="New"))).content.decode()

        assert change(paper) in html
        assert "valid until 1 May 2030" in html


class TestAction:
    def url(self, paper):
        return reverse("admin:documents_document_renew_paper", args=[paper.pk])

    def answers(self, **answers):
        return {"post": "yes", "file": pdf("new.pdf"), "title": "New", "old": "keep", **answers}

    def test_it_keeps_the_old_paper(self, hr, paper):
        response = confirmed(hr, self.url(paper), self.answers(expires_on="01/05/2033"))

        new = Document.objects.current().get()
        assert (new.title, new.expires_on) == ("New", date(2033, 5, 1))
        assert new.former_versions.get() == paper
        assert "“New” renewed; the old paper is kept" in said(response)
        assert response.url == change(new)

    def test_or_deletes_it_with_its_file(self, hr, paper):
        confirmed(hr, self.url(paper), self.answers(old="delete"))

        new = Document.objects.get()
        assert (new.pk, new.title, new.expires_on) == (paper.pk, "New", None)
        assert FileRemoval.objects.get().name == paper.file.name

    def test_another_file_than_was_shown_is_asked_about_anew(self, hr, paper):
        asked = hr.post(self.url(paper), self.answers(_ask="1"))
        token = asked.context["plan"].token()

        page = hr.post(self.url(paper), self.answers(file=pdf("other.pdf"), _said=token))

        assert page.context["new"] is not None
        assert "A file has to be chosen again." in page.text
        assert Document.objects.count() == 1

    def test_a_former_version_is_not_renewed(self, hr, paper):
        new = renewed(paper)

        confirmed(hr, self.url(paper), self.answers())

        assert list(Document.objects.current()) == [new]


class TestPersonsPage:
    def url(self, ada):
        return reverse("admin:staff_user_change", args=[ada.pk])

    def test_another_file_keeps_the_old_paper(self, hr, ada, paper):
        form = opened(hr, self.url(ada), **{"documents-0-file": pdf("new.pdf")})

        confirmed(hr, self.url(ada), form)

        assert Document.objects.current().get().former_versions.get() == paper

    def test_or_deletes_it_if_that_was_chosen(self, hr, ada, paper):
        goes = {"documents-0-file": pdf("new.pdf"), "documents-0-file-old": "delete"}

        confirmed(hr, self.url(ada), opened(hr, self.url(ada), **goes))

        assert Document.objects.get().original_name == "new.pdf"

    def test_of_two_renewals_at_once_the_second_saves_nothing(self, hr, ada, paper):
        late = opened(hr, self.url(ada), **{"documents-0-file": pdf("late.pdf")})
        new = renewed(paper)

        page = hr.post(self.url(ada), late, follow=True)

        assert "of this page went meanwhile" in page.content.decode()
        assert list(Document.objects.current()) == [new]
        assert Document.objects.count() == 2

    def test_a_deleted_paper_gives_way_to_its_former_version(self, hr, ada, paper):
        renewed(paper)

        confirmed(hr, self.url(ada), opened(hr, self.url(ada), **{"documents-0-DELETE": "on"}))

        assert Document.objects.get() == paper
        assert Document.objects.current().exists()

    def test_it_leads_to_the_list_of_papers_of_that_person_alone(self, hr, ada, paper):
        make_document(make_user("bob"), name="his.pdf")
        url = f"{LIST}?owner__id__exact={ada.pk}"

        html = hr.get(self.url(ada)).content.decode()

        assert f'href="{url}"' in html
        assert listed(hr.get(url)) == ["old.pdf"]

    def test_former_versions_are_not_among_the_papers(self, hr, ada, paper):
        renewed(paper)

        html = hr.get(self.url(ada)).content.decode()

        assert "new.pdf" in html and "old.pdf" not in html


class TestList:
    @pytest.mark.parametrize(
        ("query", "found"),
        [("", ["new.pdf"]), ("?versions=former", ["old.pdf"]), ("?versions=nonsense", ["new.pdf"])],
    )
    def test_former_versions_are_hidden_unless_asked_for(self, hr, paper, query, found):
        renewed(paper)

        assert listed(hr.get(LIST + query)) == found
        assert sorted(listed(hr.get(f"{LIST}?versions=all"))) == ["new.pdf", "old.pdf"]

    def test_none_of_them_counts_as_ended_or_running_out(self, hr, ada):
        today = timezone.localdate()
        for days in (-1, 3):
            old = make_document(ada, expires_on=today + timedelta(days=days))
            renewed(old, expires_on=today + timedelta(days=900))

        for validity in ("ended", "soon"):
            assert listed(hr.get(LIST, {"validity": validity})) == []

    def test_they_are_downloaded_by_who_may_see_papers(self, client, paper):
        renewed(paper)
        client.force_login(make_user(roles=["HR"]))
        assert client.get(paper.file.url).status_code == 200

        client.force_login(make_user())
        assert client.get(paper.file.url).status_code == 404

    def test_former_versions_take_the_place_of_all_that_are_deleted_at_once(self, hr, paper):
        renewed(paper)
        every = {"action": "delete_selected", "_selected_action": [paper.pk], "select_across": "1"}

        confirmed(hr, LIST, {**every, "former_versions": "keep"})

        assert list(Document.objects.current()) == [paper]

    @pytest.mark.parametrize(("query", "count"), [("", 1), ("?versions=all", 2)])
    def test_the_zip_has_them_only_when_asked_for(self, hr, paper, query, count):
        renewed(paper, "old.pdf")
        every = {"action": "download_zip", "_selected_action": [paper.pk], "select_across": "1"}

        names = ZipFile(BytesIO(hr.post(LIST + query, every).getvalue())).namelist()

        expected = ["Ada Example/old.pdf", "Ada Example/Former versions/old.pdf"]
        assert sorted(names) == sorted(expected[:count])
