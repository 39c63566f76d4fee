import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intranet.models import SavedView
from intranet.trace.models import Change
from staff.models import Department
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db
PEOPLE, PAPERS = "/admin/staff/user/", "/admin/documents/document/"
TABLE = 'SELECT "intranet_savedview"'


def post(client, do, url=PEOPLE, **data):
    return client.post(url, {"_own_list": do, **data}, follow=True)


def shown(client, url=PEOPLE):
    """Return the headers of a list."""
    page = client.get(url)
    return [
        it if isinstance(it, str) else it.__name__ for it in page.context_data["cl"].list_display
    ]


def saved(client, url=PEOPLE):
    return client.get(url).context_data["own_list"]["filters"]


class TestColumns:
    def test_are_shown_as_chosen_in_the_order_chosen(self, client, root):
        post(client, "columns", columns=["status", "who"])

        assert shown(client) == ["action_checkbox", "status", "who"]

    def test_are_somebodys_own_and_of_one_list(self, client, root):
        post(client, "columns", columns=["status"])
        usual = shown(client, PAPERS)

        client.force_login(make_user("hazel", roles=["HR"]))

        assert len(shown(client)) > 3
        assert shown(client, PAPERS) == usual

    def test_lead_to_the_row_from_the_first_one(self, client, root):
        post(client, "columns", columns=["status", "who"])
        assert f'href="{PEOPLE}{root.pk}/change/"' in client.get(PEOPLE).text

    def test_lead_to_the_row_where_the_usual_link_is_hidden(self, client, root):
        post(client, "columns", "/admin/intranet/mail/", columns=["attempts"])
        make_user("ada")

        assert "/change/" in client.get("/admin/intranet/mail/").text

    @pytest.mark.parametrize("sent", [[], ["nothing"], ["password", "__class__"], [""]])
    def test_that_are_unknown_change_nothing(self, client, root, sent):
        usual = shown(client)

        page = post(client, "columns", columns=sent)

        assert "Tick at least one column" in page.text
        assert shown(client) == usual

    def test_that_went_since_are_left_out(self, client, root):
        values = {"person": root, "page": "staff.user", "columns": ["gone", "job", "job"]}
        view = SavedView.objects.create(**values)
        assert "job" in shown(client)

        SavedView.objects.filter(pk=view.pk).update(columns=["gone"])

        assert len(shown(client)) > 3

    def test_become_the_usual_ones_again(self, client, root):
        usual = shown(client)
        post(client, "columns", columns=["job"])

        post(client, "usual")

        assert shown(client) == usual
        assert not SavedView.objects.exists()

    def test_keep_filter_and_drop_the_order_that_counts_columns(self, client, root):
        url = f"{PEOPLE}?q=a&o=2"
        page = post(client, "columns", url, columns=["job"])
        assert page.redirect_chain[0][0] == f"{PEOPLE}?q=a"

    @pytest.mark.parametrize(
        "url", [PEOPLE, PAPERS, "/admin/intranet/action/", "/admin/auth/group/"]
    )
    def test_cost_one_query_and_are_offered_on_each_list(self, client, root, url):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(url)

        assert sum(TABLE in it["sql"] for it in queries) == 1
        assert page.context_data["own_list"]["columns"]


class TestFilters:
    def test_are_saved_and_lead_back(self, client, root):
        make_user("ada", first_name="Ada")
        page = post(client, "save", f"{PEOPLE}?q=ada&is_staff__exact=0&p=0", name="  Adas ")

        assert "The filter was saved as “Adas”" in page.text
        [it] = saved(client)
        assert it["name"] == "Adas"
        assert it["url"] == "?is_staff__exact=0&q=ada"

    def test_follow_a_column_they_are_ordered_by(self, client, root):
        place = shown(client).index("job")
        post(client, "save", f"{PEOPLE}?o=-{place}", name="By job")

        post(client, "columns", columns=["job", "who"])
        assert saved(client)[0]["url"] == "?o=-1"

        post(client, "columns", columns=["who"])
        assert saved(client)[0]["url"] == "?"

    def test_are_one_under_one_name(self, client, root):
        post(client, "save", f"{PEOPLE}?q=a", name="Mine")
        page = post(client, "save", f"{PEOPLE}?q=b", name="Mine")

        assert "already" in page.text
        assert SavedView.objects.get().query == "q=a"

    @pytest.mark.parametrize(
        "query", ["", "?p=3", "?q=", "?password__startswith=a", "?e=1", "?o=99"]
    )
    def test_that_say_nothing_are_not_saved(self, client, root, query):
        page = post(client, "save", f"{PEOPLE}?p=1", name="Nothing")
        client.post(f"{PEOPLE}{query}", {"_own_list": "save", "name": "Nothing"})

        assert "There is no filter that could be saved" in page.text
        assert not SavedView.objects.exists()

    @pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\0b"])
    def test_need_a_name(self, client, root, name):
        post(client, "save", f"{PEOPLE}?q=a", name=name)
        assert not SavedView.objects.exists()

    def test_whose_filter_or_row_went_are_shown_without(self, client, root):
        lab = Department.objects.create(name="Lab")
        Department.objects.create(name="Yard")
        query = f"gone__exact=1&profile__department__id__exact={lab.pk}&o=-gone.job"
        SavedView.objects.create(person=root, page="staff.user", name="Old", query=query)
        lab.delete()

        [it] = saved(client)

        assert "gone" not in it["url"]
        assert client.get(PEOPLE + it["url"], follow=True).status_code == 200

    def test_are_renamed_and_deleted(self, client, root):
        post(client, "save", f"{PEOPLE}?q=a", name="One")
        [it] = saved(client)

        post(client, "rename", filter=it["pk"], name="Two")
        assert [it["name"] for it in saved(client)] == ["Two"]

        page = post(client, "delete", filter=it["pk"])
        assert "“Two” was deleted" in page.text
        assert not SavedView.objects.exists()

    def test_of_somebody_else_are_left_alone(self, client, root):
        other = make_user("hazel", roles=["HR"])
        view = SavedView.objects.create(person=other, page="staff.user", name="Hers", query="q=a")

        post(client, "delete", filter=view.pk)
        post(client, "rename", filter=view.pk, name="Mine")

        assert saved(client) == []
        assert SavedView.objects.get().name == "Hers"

    @pytest.mark.parametrize("pk", ["", "x", "²", "9" * 30, "0"])
    def test_that_nobody_knows_are_no_error(self, client, root, pk):
        assert post(client, "delete", filter=pk).status_code == 200
        assert post(client, "whatever", filter=pk).status_code == 200

    def test_go_with_their_person_and_are_no_history(self, client, root):
        hazel = make_user("hazel", roles=["HR"])
        client.force_login(hazel)
        before = Change.objects.count()
        post(client, "save", f"{PEOPLE}?q=a", name="Hers")
        assert Change.objects.count() == before

        hazel.delete()

        assert not SavedView.objects.exists()

    def test_are_refused_where_the_list_is(self, client):
        client.force_login(make_user("uma"))
        url = reverse("admin:auth_group_changelist")
        assert client.post(url, {"_own_list": "columns", "columns": "name"}).status_code == 403
        assert not SavedView.objects.exists()

    def test_come_with_a_token(self, root):
        from django.test import Client

        client = Client(enforce_csrf_checks=True)
        client.force_login(root)
        assert client.post(PEOPLE, {"_own_list": "usual"}).status_code == 403


def test_a_list_is_called_what_it_holds_even_where_one_is_chosen(client, root):
    Group.objects.create(name="Club")
    page = client.get("/admin/staff/user/?_popup=1")
    assert page.context_data["title"] == "People"
    assert "own_list" not in page.context_data


def test_a_list_says_once_how_many_there_are(client, root):
    assert "Show all" not in client.get(f"{PEOPLE}?q=a").text
