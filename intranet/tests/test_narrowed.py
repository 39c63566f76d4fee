"""A list that a link or a filter narrows says so above its rows, and how to see all."""

import pytest

from documents.tests.factories import make_document
from staff.models import Profile
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada(client):
    client.force_login(make_superuser("ada", first_name="Ada", last_name="Gray"))
    ada = make_user("bob", first_name="Bob", last_name="Hill")
    make_document(ada)
    Profile.objects.exclude(user=ada).update(manager=ada)
    return ada


def narrowed(client, url, **query) -> list[str]:
    return client.get(f"/admin/{url}", query).context["narrowed"]


@pytest.mark.parametrize(
    ("url", "query", "says"),
    [
        ("documents/post/", {"status": "live"}, ["Status: Live"]),
        ("intranet/mail/", {"status__exact": ["queued", "failed"]}, ["Status: Waiting, Failed"]),
        ("intranet/notice/", {"read": "no"}, ["Read or not: Unread"]),
        ("staff/user/", {"attention": "no_manager"}, ["Needs attention: Without a manager"]),
        (
            "staff/user/",
            {"is_active__exact": "1", "joining": "month"},
            ["Joining: This month", "Active: Yes"],
        ),
        (
            "documents/document/",
            {"uploaded_at_from": "01/02/2030"},
            ["Uploaded: from 1 Feb 2030"],
        ),
        ("staff/user/", {"attention": "nothing", "joining": ""}, []),
        ("staff/user/", {"q": "ada", "o": "1"}, []),
    ],
)
def test_every_filter_that_is_set_is_said(client, url, query, says):
    assert narrowed(client, url, **query) == says


@pytest.mark.parametrize(
    ("url", "name", "says"),
    [
        ("documents/document/", "owner__id__exact", "Owner: Bob Hill"),
        ("staff/user/", "profile__manager__id__exact", "Manager: Bob Hill"),
    ],
)
def test_a_row_is_called_by_its_name_where_that_is_shown_anyway(client, ada, url, name, says):
    assert narrowed(client, url, **{name: ada.pk}) == [says]
    assert narrowed(client, "documents/document/", owner__id__exact=ada.pk - 1) == []


def test_showing_all_keeps_the_search(client):
    page = client.get("/admin/staff/user/", {"joining": "month", "q": "hill", "o": "1"})

    assert page.context["show_all"] == "?o=1&q=hill"


def test_each_number_of_the_first_page_leads_to_a_list_that_says_what_is_counted(client):
    first = client.get("/admin/").context
    ways = [it["url"] for it in first["cards"] + first["attention"] if "?" in it["url"]]

    assert len(ways) > 3
    assert all(client.get(url).context["narrowed"] for url in ways)
