"""The page of a person stays small and fast, however much there is to show."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from documents.models import Document
from documents.tests.factories import make_document
from intranet.tests.pages import opened, sent
from staff import inviting
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    boss = make_user("boss", last_name="Boss")
    lab = make_department("Lab", groups=["Lab keys", "Night shift"])
    ada = make_user("ada", roles=["HR"], department=lab)
    type(ada.profile).objects.filter(pk=ada.profile.pk).update(manager=boss)
    return ada


@pytest.fixture
def page(client, ada):
    client.force_login(make_superuser())
    return f"/admin/staff/user/{ada.pk}/change/"


def add_papers(ada, count):
    make_document(ada)
    first = Document.objects.values("file", "original_name", "kind", "size").get()
    Document.objects.bulk_create(
        Document(owner=ada, title=f"Paper {number}", **first) for number in range(1, count)
    )


@pytest.mark.parametrize("count", [3, 30])
def test_takes_as_many_queries_for_many_papers_as_for_few(client, ada, page, count):
    add_papers(ada, count)
    client.get(page)

    with CaptureQueriesContext(connection) as asked:
        client.get(page)

    assert len(asked) <= 15


def test_so_it_does_for_whoever_is_invited_and_has_groups_of_a_department(client, ada, page):
    ada.set_unusable_password()
    ada.save()
    inviting.invite(ada)
    make_document(ada)
    client.get(page)

    with CaptureQueriesContext(connection) as asked:
        shown = client.get(page)

    assert shown.context["head"]["next"] == ["The invitation waits to be sent."]
    assert "from the department" in shown.content.decode()
    assert len(asked) <= 15


def test_so_it_does_for_hr_and_a_manager_of_many_who_is_invited(client, ada, page):
    ada.set_unusable_password()
    ada.save()
    inviting.invite(ada)
    reports = [make_user().pk for _ in range(15)]
    type(ada.profile).objects.filter(user__in=reports).update(manager=ada)
    add_papers(ada, 3)
    client.force_login(make_user("hazel", roles=["HR"]))
    client.get(page)

    with CaptureQueriesContext(connection) as asked:
        shown = client.get(page)

    assert shown.context["head"]["more"].text == "and 3 more"
    assert len(asked) <= 15


def test_draws_the_one_profile_once(client, page):
    fields = sent(client.get(page))

    assert fields["profile-TOTAL_FORMS"] == ["1"]
    assert "profile-__prefix__-job_title" not in fields


def test_the_manager_is_shown_as_they_were_read(client, page):
    shown = client.get(page).content.decode()

    assert shown.count("Boss</option>") == 1


class TestManyPapers:
    def test_the_newest_are_there_and_the_page_says_so(self, client, ada, page):
        add_papers(ada, 100)

        answer = client.get(page)

        assert sent(answer)["documents-TOTAL_FORMS"] == ["7"]
        assert "Paper 99" in answer.content.decode()
        assert "The 7 newest papers are on this page" in answer.content.decode()
        assert len(answer.content) < 200_000

    def test_few_need_no_words(self, client, ada, page):
        add_papers(ada, 7)

        assert "newest papers" not in client.get(page).content.decode()

    def test_saving_the_page_changes_what_was_changed_alone(self, client, ada, page):
        add_papers(ada, 25)

        client.post(page, opened(client, page, **{"documents-0-title": ["Renamed"]}))

        titles = [it.title for it in Document.objects.all()]
        assert (titles[0], len(titles)) == ("Renamed", 25)
        assert titles[1] == "Paper 23"
