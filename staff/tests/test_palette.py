import pytest
from django.urls import reverse
from django.utils import timezone

from intranet import trigrams
from staff import leaving
from staff.palette import find_people
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def found(rf, actor, term):
    request = rf.get("/admin/search/")
    request.user = actor
    return find_people(request, term)


class TestFindPeople:
    def test_leads_those_who_may_see_people_to_the_person(self, rf):
        ada = make_user("ada", first_name="Ada", last_name="Lark")

        (hit,) = found(rf, make_user(roles=["HR"]), "lark")

        assert hit.link == reverse("admin:staff_user_change", args=[ada.pk])

    def test_leads_others_to_the_directory(self, rf):
        ada = make_user("ada", first_name="Ada", last_name="Lark")

        (hit,) = found(rf, make_user(), "ada lark")

        assert hit.link == reverse("admin:staff_profile_change", args=[ada.profile.pk])

    @pytest.mark.parametrize("roles", [["HR"], []])
    def test_finds_people_by_the_name_of_their_department(self, rf, roles):
        make_user(
            "ada", first_name="Ada", last_name="Lark", department=make_department("Glasshouse")
        )

        (hit,) = found(rf, make_user(roles=roles), "lark glassh")

        assert hit.title == "Ada Lark"

    def test_finds_nobody_for_somebody_without_rights(self, rf):
        actor = make_user("ada")
        actor.groups.clear()

        assert found(rf, actor, "ada") == []

    @pytest.mark.parametrize("term", ["a", " a ", "  "])
    def test_wants_two_characters(self, rf, term):
        assert found(rf, make_superuser("ada"), term) == []

    def test_stops_at_ten(self, rf):
        for number in range(12):
            make_user(f"lark{number}")

        assert len(found(rf, make_superuser(), "lark")) == 10

    def test_finds_leavers_for_those_who_manage_people_alone(self, rf):
        leaving.plan(make_user("lark"), timezone.localdate())

        (lark,) = found(rf, make_superuser(), "lark")
        assert lark.description.startswith("has left")
        assert found(rf, make_user("plain"), "lark") == []

    def test_asks_the_database_six_times(self, rf, django_assert_num_queries):
        root = make_superuser()
        for number in range(5):
            make_user(f"lark{number}")
        trigrams.catch_up("default")

        with django_assert_num_queries(6):
            found(rf, root, "lark")


class TestPalette:
    def test_finds_lists_by_what_the_sidebar_calls_them(self, client):
        client.force_login(make_superuser())

        page = client.get(reverse("admin:search") + "?extended=1&s=work").content.decode()

        assert 'data-title="Work"' in page
        assert "ieces of work" not in page

    def test_says_where_nothing_is_found(self, client):
        client.force_login(make_superuser())

        page = client.get(reverse("admin:search") + "?extended=1&s=zzzz").content.decode()

        assert 'id="command-results-list"' in page
        assert "Nothing found" in page

    def test_forgets_what_it_found_when_rights_end(self, client):
        make_user("lark", last_name="Larkspur")
        actor = make_user()
        client.force_login(actor)
        url = reverse("admin:search") + "?extended=1&s=lark"
        assert "Larkspur" in client.get(url).content.decode()

        actor.groups.clear()

        assert "Larkspur" not in client.get(url).content.decode()
