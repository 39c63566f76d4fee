"""What somebody holds and may give: cheap to ask, however many people there are."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intranet.access.held import permissions_of
from intranet.tests.pages import page
from staff.forms import assignable_groups
from staff.models import Profile
from staff.roles import beyond
from staff.tests.factories import day, make_department, make_group, make_holder, make_user
from staff.tests.people_pages import act
from staff.tests.rows import group_names
from staff.tests.tables import NEW, run

pytestmark = pytest.mark.django_db


def asked(do):
    with CaptureQueriesContext(connection) as queries:
        do()
    return [it["sql"] for it in queries]


def verdicts(queries):
    return len([it for it in queries if it.startswith('SELECT 1 AS "a" FROM "auth_permission"')])


class TestWhatSomebodyHolds:
    def test_is_given_by_hand_and_by_groups_and_told_once(self):
        ada = make_holder("staff.view_user", "staff.add_user")
        ada.groups.set(
            [make_group("Desk", "staff.add_user"), make_group("Door", "staff.change_user")]
        )
        make_holder("staff.delete_user")

        held = sorted(permissions_of(ada).values_list("codename", flat=True))

        assert held == ["add_user", "change_user", "view_user"]
        assert beyond(ada).count() == Permission.objects.count() - 3

    def test_joins_no_memberships(self, hr):
        assert "JOIN" not in str(permissions_of(hr).order_by().query)

    def test_nor_do_the_groups_that_one_may_give(self, hr):
        given = Group.objects.filter(name="Editors").values("pk")

        offered = assignable_groups(hr, given)

        assert not {"JOIN", "DISTINCT"} & {*str(offered.query).split()}
        assert {it.name for it in offered} == {"User", "HR", "Editors"}

    @pytest.mark.parametrize("whose", ["change", "add"])
    def test_nor_does_a_page_of_a_person(self, client, hr, ada, whose):
        path = "/admin/staff/user/add/" if whose == "add" else page(ada)

        queries = asked(lambda: client.get(path))

        assert not [it for it in queries if 'OUTER JOIN "staff_user_groups"' in it]


@pytest.mark.parametrize("action", ["move_to_department", "add_to_group", "bring_back"])
def test_an_action_asks_once_what_one_may_give(client, hr, action):
    desk = make_group("Desk", "staff.view_user")
    press = make_department("Press", groups=["Desk"])
    people = [make_user(department=press if action == "bring_back" else None) for _ in range(4)]
    Profile.objects.filter(department=press).update(left_on=day(3))
    answers = {"move_to_department": {"department": press.pk}, "add_to_group": {"group": desk.pk}}

    queries = asked(lambda: act(client, action, *people, post="yes", **answers.get(action, {})))

    assert all("Desk" in group_names(it) for it in people)
    assert verdicts(queries) == 2  # for the page that asks, and when it is done


def test_so_does_an_import(hr):
    make_group("Desk", "staff.view_user")
    make_department("Press", groups=["Desk"])
    rows = [f"p{it}@example.com,First,Last,Press" for it in range(4)]

    queries = asked(lambda: run(f"{NEW},Department", *rows, actor=hr))

    assert Profile.objects.filter(user__groups__name="Desk").count() == 4
    assert verdicts(queries) == 1
