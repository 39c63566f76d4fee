"""What somebody holds and may give: cheap to ask, however many people there are."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intranet.tests.pages import page
from staff.forms import assignable_groups
from staff.roles import beyond, permissions_of
from staff.tests.factories import make_group, make_holder

pytestmark = pytest.mark.django_db


def asked(do):
    with CaptureQueriesContext(connection) as queries:
        do()
    return [it["sql"] for it in queries]


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
