import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from intranet.tests.pages import confirmed
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/auth/group/"


def url(page, group):
    return reverse(f"admin:auth_group_{page}", args=[group.pk])


class TestGroups:
    @pytest.mark.parametrize("roles", [[], ["Editors"], ["HR"]])
    def test_are_closed_to_all_but_superusers(self, client, roles):
        client.force_login(make_user(roles=roles))

        assert client.get(LIST).status_code == 403

    def test_say_who_uses_them(self, client):
        make_department("Workshop", groups=["Key holders"])
        client.force_login(make_superuser())

        page = client.get(LIST).content.decode()

        assert "department Workshop" in page
        assert "a role of the site" in page

    def test_list_asks_no_more_for_more_groups(self, client, django_assert_max_num_queries):
        client.force_login(make_superuser())
        client.get(LIST)
        for number in range(5):
            make_department(groups=[f"Group {number}"])

        with django_assert_max_num_queries(8):
            client.get(LIST)

    def test_roles_can_be_neither_edited_nor_deleted(self, client):
        hr = Group.objects.get(name="HR")
        client.force_login(make_superuser())

        changed = confirmed(client, url("change", hr), {"name": "Mine"})
        deleted = confirmed(client, url("delete", hr), {"post": "yes"})

        assert (changed.status_code, deleted.status_code) == (403, 403)
        assert Group.objects.filter(name="HR").exists()

    def test_bulk_deletion_spares_the_roles(self, client):
        hr = Group.objects.get(name="HR")
        client.force_login(make_superuser())

        confirmed(
            client, LIST, {"action": "delete_selected", "_selected_action": hr.pk, "post": "yes"}
        )

        assert Group.objects.filter(name="HR").exists()

    def test_other_groups_say_what_their_deletion_takes(self, client):
        department = make_department("Lab", groups=["Key holders"])
        department.groups.get().permissions.add(Permission.objects.first())
        make_user("ada", department=department)
        client.force_login(make_superuser())

        page = client.get(url("delete", department.groups.get()))

        lines = page.context["plan"].lines
        assert "Rights: Lost: the group Key holders: ada" in lines
        assert "Stays, but loses something: 1 department, Groups: Key holders removed: Lab" in lines
