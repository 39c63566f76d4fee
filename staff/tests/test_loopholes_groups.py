"""Departments and groups as a way to more rights than one was given."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from intranet.tests.pages import confirmed, page
from staff.models import Department, Profile, User
from staff.tests.factories import (
    make_department,
    make_group,
    make_superuser,
    make_user,
    permission,
)
from staff.tests.people_pages import act
from staff.tests.rows import group_names

pytestmark = pytest.mark.django_db


class TestDepartments:
    def url(self, name, department):
        return reverse(f"admin:staff_department_{name}", args=[department.pk])

    def test_get_no_group_beyond_one_s_rights(self, client, signed_in):
        signed_in("staff.view_department", "staff.change_department")
        ada = make_user("ada", department=make_department("Lab"))
        lab, editors = Department.objects.get(), Group.objects.get(name="Editors")

        confirmed(client, self.url("change", lab), {"name": "Lab", "groups": [editors.pk]})

        assert not lab.groups.exists()
        assert group_names(ada) == {"User"}

    def test_keep_the_groups_beyond_one_s_rights(self, client, signed_in):
        signed_in(*(f"staff.{do}_department" for do in ("view", "change", "delete")))
        press = make_department("Press", groups=["Editors"])
        ed = make_user("ed", department=press)
        bulk = {"action": "delete_selected", "_selected_action": [press.pk], "post": "yes"}

        confirmed(client, self.url("change", press), {"name": "Press"})
        confirmed(client, self.url("delete", press), {"post": "yes"})
        confirmed(client, reverse("admin:staff_department_changelist"), bulk)

        assert group_names(ed) == {"User", "Editors"}

    def test_are_no_way_in_as_their_head(self, client, signed_in):
        me = signed_in("staff.view_user", "staff.view_department", "staff.change_department")
        press = make_department("Press", groups=["Editors"])
        groups = [Group.objects.get(name="Editors").pk]

        confirmed(
            client, self.url("change", press), {"name": "Press", "head": me.pk, "groups": groups}
        )

        assert Department.objects.get().head == me
        assert not User.objects.get(pk=me.pk).has_perm("documents.change_post")

    def test_are_no_way_in_when_somebody_is_brought_back(self, client, hr):
        ada = make_user("ada", department=make_department("Lab"), is_active=False)
        now = timezone.now()
        Profile.objects.filter(user=ada).update(left_on=now, departed_at=now)
        Department.objects.get().groups.add(Group.objects.get(name="Editors"))

        confirmed(client, page(ada, "bring_person_back"), {"post": "yes"})
        act(client, "bring_back", ada, post="yes")

        assert group_names(ada) == {"User"}


class TestGroups:
    """For whoever may change groups and is no superuser."""

    CODES = ["staff.view_user", *(f"auth.{do}_group" for do in ("view", "add", "change", "delete"))]

    def url(self, name, group):
        return reverse(f"admin:auth_group_{name}", args=[group.pk])

    def codes(self, group):
        return set(group.permissions.values_list("codename", flat=True))

    def test_get_what_one_holds(self, client, signed_in):
        signed_in(*self.CODES)
        group = make_group("Readers")
        data = {"name": "Readers", "permissions": [permission("staff.view_user").pk]}

        confirmed(client, self.url("change", group), data)

        assert self.codes(group) == {"view_user"}

    @pytest.mark.parametrize("name", ["change", "add"])
    def test_get_nothing_that_one_does_not_hold(self, client, signed_in, name):
        signed_in(*self.CODES)
        group = make_group("Readers")
        url = self.url("change", group) if name == "change" else reverse("admin:auth_group_add")
        chosen = [permission("staff.view_user").pk, permission("staff.change_user").pk]

        confirmed(client, url, {"name": f"{name}d", "permissions": chosen})

        assert [self.codes(group) for group in Group.objects.filter(name="Readers")] == [set()]

    @pytest.mark.parametrize("own", [True, False])
    def test_one_s_own_and_those_above_stay_as_they_are(self, client, signed_in, own):
        me = signed_in(*self.CODES)
        group = make_group("Club", "staff.view_user" if own else "staff.change_user")
        if own:
            me.groups.add(group)
        before = self.codes(group)
        bulk = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
        data = {"name": "Mine", "permissions": [permission("auth.change_group").pk]}

        assert confirmed(client, self.url("change", group), data).status_code == 403
        assert confirmed(client, self.url("delete", group), {"post": "yes"}).status_code == 403
        confirmed(client, reverse("admin:auth_group_changelist"), bulk)

        assert Group.objects.get(name="Club") == group
        assert self.codes(group) == before

    def test_one_s_own_by_way_of_the_department_stays_too(self, client, signed_in):
        signed_in(*self.CODES, department=make_department("Lab", groups=["Club"]))
        url = self.url("change", Group.objects.get(name="Club"))
        data = {"name": "Club", "permissions": [permission("staff.view_user").pk]}

        assert confirmed(client, url, data).status_code == 403

    def test_superusers_change_them_all(self, client):
        client.force_login(make_superuser())
        group = make_group("Club")
        data = {"name": "Club", "permissions": [permission("auth.change_group").pk]}

        confirmed(client, self.url("change", group), data)

        assert self.codes(group) == {"change_group"}
