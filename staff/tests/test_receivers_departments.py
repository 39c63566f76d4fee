"""Receivers of departments and roles: each fires, stays silent, leaves nothing behind."""

import json

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.management import call_command
from django.db.models import Prefetch

from staff.models import Department, Profile
from staff.tests.factories import make_department, make_user
from staff.tests.rows import group_names, load, undone

pytestmark = pytest.mark.django_db


class TestFollowDepartment:
    def test_groups_come_with_a_department_and_go_with_it(self):
        sales, lab = make_department(groups=["Sellers"]), make_department(groups=["Lab"])
        ada = make_user(department=sales)

        ada.profile.department = lab
        ada.profile.save()

        assert group_names(ada) == {"User", "Lab"}

    def test_a_group_both_departments_have_stays(self):
        sales, lab = make_department(groups=["Both"]), make_department(groups=["Both"])
        ada = make_user(department=sales)

        ada.profile.department = lab
        ada.profile.save()

        assert group_names(ada) == {"User", "Both"}

    def test_groups_given_by_hand_stay(self):
        ada = make_user(roles=["HR"], department=make_department(groups=["Sellers"]))

        ada.profile.department = None
        ada.profile.save()

        assert group_names(ada) == {"User", "HR"}

    def test_the_default_group_stays(self):
        ada = make_user(department=make_department(groups=[settings.STAFF_DEFAULT_GROUP]))

        ada.profile.department = None
        ada.profile.save()

        assert group_names(ada) == {"User"}

    def test_a_save_of_other_fields_changes_nothing(self):
        ada = make_user()
        ada.profile.department = make_department(groups=["Sellers"])

        ada.profile.save(update_fields=["phone"])

        assert group_names(ada) == {"User"}

    def test_a_deferred_department_changes_nothing(self):
        ada = make_user(department=make_department(groups=["Sellers"]))

        Profile.objects.defer("department").get(user=ada).save()

        assert group_names(ada) == {"User", "Sellers"}

    def test_loaddata_changes_nothing(self):
        ada = make_user()
        ada.profile.department = make_department(groups=["Sellers"])

        load(ada.profile)

        assert group_names(ada) == {"User"}

    def test_a_rollback_leaves_the_old_groups(self):
        ada = make_user(department=make_department(groups=["Sellers"]))
        ada.profile.department = None

        undone(ada.profile.save)

        assert group_names(ada) == {"User", "Sellers"}


class TestFollowDepartmentGroups:
    @pytest.fixture
    def ada(self):
        return make_user("ada", department=make_department("Sales", groups=["Sellers"]))

    @pytest.fixture
    def sales(self, ada):
        return Department.objects.get(name="Sales")

    def test_added_groups_reach_the_people(self, ada, sales):
        sales.groups.add(Group.objects.create(name="Readers"))

        assert group_names(ada) == {"User", "Sellers", "Readers"}

    def test_removed_groups_leave_the_people(self, ada, sales):
        sales.groups.remove(Group.objects.get(name="Sellers"))

        assert group_names(ada) == {"User"}

    def test_cleared_groups_leave_the_people(self, ada, sales):
        sales.groups.clear()

        assert group_names(ada) == {"User"}

    def test_so_do_those_that_were_not_read_along(self, ada, sales):
        some = Prefetch("groups", Group.objects.exclude(name="Sellers"))

        Department.objects.prefetch_related(some).get(pk=sales.pk).groups.clear()

        assert group_names(ada) == {"User"}

    def test_the_other_side_works_the_same(self, ada, sales):
        readers = Group.objects.create(name="Readers")

        readers.department_set.add(sales)
        Group.objects.get(name="Sellers").department_set.clear()

        assert group_names(ada) == {"User", "Readers"}

    def test_other_departments_are_not_touched(self, sales):
        eve = make_user("eve", department=make_department())

        sales.groups.add(Group.objects.create(name="Readers"))

        assert group_names(eve) == {"User"}

    def test_nobody_loses_the_default_group(self, ada, sales):
        sales.groups.add(Group.objects.get(name="User"))

        sales.groups.clear()

        assert group_names(ada) == {"User"}

    def test_deleting_the_department_takes_its_groups(self, ada, sales):
        sales.delete()

        assert group_names(ada) == {"User"}

    def loaddata(self, tmp_path, sales, groups, *more):
        """Load `sales` with `groups`: keys, or names that follow further down."""
        (row,) = serializers.serialize("python", [sales])
        row["fields"] |= {"groups": groups, "head": None}
        fixture = tmp_path / "departments.json"
        fixture.write_text(json.dumps([row, *more]))
        call_command("loaddata", fixture, verbosity=0)

    def test_loaddata_gives_none(self, ada, sales, tmp_path):
        readers = Group.objects.create(name="Readers")

        self.loaddata(tmp_path, sales, [readers.pk])

        assert sales.groups.get() == readers
        assert group_names(ada) == {"User", "Sellers"}

    def test_loaddata_takes_none(self, ada, sales, tmp_path):
        self.loaddata(tmp_path, sales, [])

        assert not sales.groups.exists()
        assert group_names(ada) == {"User", "Sellers"}

    def test_loaddata_of_a_group_that_follows_gives_none(self, ada, sales, tmp_path):
        later = {"model": "auth.group", "fields": {"name": "Later"}}

        self.loaddata(tmp_path, sales, [["Later"]], later)

        assert sales.groups.get().name == "Later"
        assert group_names(ada) == {"User", "Sellers"}

    def test_a_deserialized_department_gives_none(self, ada, sales):
        ada.groups.clear()
        text = serializers.serialize("json", [sales])
        sales.groups.through.objects.all().delete()

        next(serializers.deserialize("json", text)).save()

        assert sales.groups.exists()
        assert group_names(ada) == set()

    def test_a_loaded_department_that_is_saved_again_is_as_any_other(self, ada, sales):
        loaded = next(serializers.deserialize("json", serializers.serialize("json", [sales])))
        loaded.save()

        loaded.object.save()
        loaded.object.groups.clear()

        assert group_names(ada) == {"User"}

    def test_another_copy_of_a_loaded_department_is_as_any_other(self, ada, sales):
        next(serializers.deserialize("json", serializers.serialize("json", [sales]))).save()

        sales.groups.clear()

        assert group_names(ada) == {"User"}

    def test_a_rollback_leaves_the_old_groups(self, ada, sales):
        undone(sales.groups.clear)
        undone(sales.delete)

        assert group_names(ada) == {"User", "Sellers"}


class TestSyncRoles:
    def test_roles_hold_what_the_module_says(self):
        permissions = Group.objects.get(name="Editors").permissions

        assert set(permissions.values_list("codename", flat=True)) == {
            "view_profile",
            "add_post",
            "change_post",
            "delete_post",
            "view_post",
            "view_acknowledgement",
            "add_acknowledgement",
        }

    def test_migrate_mends_a_changed_role(self):
        editors = Group.objects.get(name="Editors")
        editors.permissions.clear()

        call_command("migrate", verbosity=0)

        assert editors.permissions.count() == 7
