"""Every receiver of people: it fires, stays silent, ignores loaddata, leaves nothing behind."""

import json

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Prefetch
from django.test.utils import CaptureQueriesContext

from intranet.outbox.models import Mail, Notice
from intranet.tests.outbox import text_of
from intranet.trace.action import begin
from staff import mails
from staff.models import Department, Profile, User
from staff.superusers import LastSuperuserError
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


class Undo(Exception):
    """Raised to roll a block back."""


def undone(function):
    """Run `function` in a transaction and roll it back."""
    with pytest.raises(Undo), transaction.atomic():
        function()
        raise Undo


def load(*objects):
    """Bring `objects` into the database as loaddata does."""
    for deserialized in serializers.deserialize("json", serializers.serialize("json", objects)):
        deserialized.save()


def group_names(user):
    return set(user.groups.values_list("name", flat=True))


class TestCreateProfile:
    def test_a_new_person_gets_one(self):
        user = User.objects.create(username="ada", email="ada@example.com")

        assert user.profile == Profile.objects.get(user=user)

    def test_a_missing_one_is_made_at_the_next_save(self):
        user = User(pk=7, username="ada", email="ada@example.com")
        load(user)

        User.objects.get(pk=7).save()

        assert Profile.objects.filter(user_id=7).count() == 1

    def test_an_existing_one_stays(self):
        user = make_user()
        profile = user.profile

        user.save()

        assert Profile.objects.get(user=user) == profile

    def test_loaddata_makes_none(self):
        load(User(pk=7, username="ada", email="ada@example.com"))

        assert not Profile.objects.filter(user_id=7).exists()

    def test_a_rollback_leaves_none(self):
        undone(make_user)

        assert not Profile.objects.exists()


class TestAddDefaultGroup:
    def test_it_is_there_at_once(self, capsys):
        user = User.objects.create(username="x", email="x@example.com")
        print(user.groups.all())  # noqa: T201

        assert capsys.readouterr().out == "<QuerySet [<Group: Everybody>]>\n"

    def test_createsuperuser_gives_it(self):
        call_command("createsuperuser", "--noinput", username="root", email="root@example.com")

        assert group_names(User.objects.get(username="root")) == {"User"}

    def test_it_is_not_forced_on_somebody_who_lost_it(self):
        user = make_user()
        user.groups.clear()

        user.save()

        assert group_names(user) == set()

    def test_its_name_is_a_setting(self, settings):
        settings.STAFF_DEFAULT_GROUP = "Everybody"

        assert group_names(make_user()) == {"Everybody"}

    def test_loaddata_adds_none(self):
        load(User(pk=7, username="ada", email="ada@example.com"))

        assert group_names(User.objects.get(pk=7)) == set()

    def test_a_rollback_leaves_no_membership(self):
        undone(make_user)

        assert not User.groups.through.objects.exists()


class TestQueueWelcomeMail:
    def test_without_a_password_it_holds_a_link(self):
        User.objects.create_user("ada", "ada@example.com", is_staff=True)

        assert "/admin/password_reset/" in text_of(Mail.objects.get())

    @pytest.mark.parametrize("create", ["create", "create_user"])
    def test_every_way_of_creating_sends_one(self, create):
        getattr(User.objects, create)(username="ada", email="ada@example.com")

        assert Mail.objects.get().to == "ada@example.com"

    def test_with_a_password_there_is_no_link(self):
        make_user("ada")

        assert "/admin/password_reset/" not in text_of(Mail.objects.get())

    def test_who_cannot_sign_in_gets_a_plain_welcome(self):
        make_user("ada", is_staff=False)

        assert "There is nothing to do" in text_of(Mail.objects.get())

    def test_saving_again_sends_none(self):
        user = make_user()
        Mail.objects.all().delete()

        user.save()

        assert not Mail.objects.exists()

    def test_somebody_inactive_gets_none(self):
        make_user(is_active=False)

        assert not Mail.objects.exists()

    def test_a_pause_holds_it_back(self):
        with mails.welcome_mail.paused():
            make_user()

        assert not Mail.objects.exists()

    def test_loaddata_sends_none(self):
        load(User(pk=7, username="ada", email="ada@example.com"))

        assert not Mail.objects.exists()

    def test_a_rollback_leaves_none(self):
        undone(make_user)

        assert not Mail.objects.exists()


class TestLastSuperuser:
    @pytest.mark.parametrize("field", ["is_active", "is_superuser"])
    def test_cannot_be_saved_without_it(self, field):
        root = make_superuser()
        setattr(root, field, False)

        with pytest.raises(LastSuperuserError):
            root.save()

        assert User.objects.superusers().get() == root

    @pytest.mark.parametrize("field", ["is_active", "is_superuser"])
    def test_cannot_be_updated_away(self, field):
        root = make_superuser()

        with pytest.raises(LastSuperuserError):
            User.objects.update(**{field: False})

        assert User.objects.superusers().get() == root

    def test_cannot_be_bulk_updated_away(self):
        root = make_superuser()
        root.is_active = False

        with pytest.raises(LastSuperuserError):
            User.objects.bulk_update([root], ["is_active"])

    def test_cannot_be_deleted(self):
        root = make_superuser()

        with pytest.raises(LastSuperuserError):
            root.delete()

        assert User.objects.superusers().get() == root

    def test_cannot_be_deleted_through_a_stale_instance(self):
        root = make_user()
        User.objects.filter(pk=root.pk).update(is_superuser=True)

        with pytest.raises(LastSuperuserError):
            root.delete()

    def test_all_cannot_be_deleted_in_bulk(self):
        make_superuser("one"), make_superuser("two")

        with pytest.raises(LastSuperuserError):
            User.objects.all().delete()

        assert User.objects.superusers().count() == 2

    def test_cannot_lose_the_profile(self):
        root = make_superuser()

        with pytest.raises(LastSuperuserError):
            root.profile.delete()

        assert User.objects.superusers().exists()

    def test_an_inactive_one_does_not_count(self):
        root = make_superuser("one")
        make_superuser("two", is_active=False)

        with pytest.raises(LastSuperuserError):
            root.delete()

    def test_one_of_two_may_go(self):
        make_superuser("one"), make_superuser("two")

        User.objects.get(username="one").delete()

        assert User.objects.superusers().get().username == "two"

    def test_others_may_go_without_any_superuser(self):
        make_user().delete()

        assert not User.objects.exists()

    def test_signing_in_takes_no_lock(self, django_assert_num_queries):
        user = make_user()

        with django_assert_num_queries(3):  # savepoint, update, release
            user.save(update_fields=["last_login"])


class TestTellAdminsPeopleDeleted:
    def test_they_hear_who_was_deleted_by_whom(self):
        root, ada = make_superuser(first_name="Ruth"), make_user("ada", first_name="Ada")

        with begin(root):
            ada.delete()

        notice = Notice.objects.get(recipient=root)
        assert notice.message == "Ruth deleted Ada"
        assert "ada@example.com" in notice.detail

    def test_many_at_once_make_one_notice_and_one_mail_each(self):
        make_superuser("one"), make_superuser("two")
        [make_user(f"ada{number}", roles=["User"]) for number in range(3)]
        Mail.objects.all().delete()

        User.objects.filter(username__startswith="ada").delete()

        assert [notice.message for notice in Notice.objects.all()] == [
            "The system deleted 3 people"
        ] * 2
        assert Mail.objects.filter(subject__contains="deleted 3 people").count() == 2

    def test_deleting_the_profile_tells_the_same(self):
        make_superuser()

        make_user("ada", first_name="Ada").profile.delete()

        assert Notice.objects.get().message == "The system deleted Ada"

    def test_a_deleted_admin_is_not_told(self):
        make_superuser("one")

        make_superuser("two").delete()

        assert Notice.objects.get().recipient.username == "one"

    def test_a_rollback_leaves_nothing(self):
        make_superuser()
        ada = make_user()
        Mail.objects.all().delete()

        undone(ada.delete)

        assert not Notice.objects.exists()
        assert not Mail.objects.exists()

    def test_a_second_try_after_a_rollback_tells_once(self):
        make_superuser()
        ada = make_user()
        undone(lambda: User.objects.filter(pk=ada.pk).delete())

        User.objects.filter(pk=ada.pk).delete()

        assert Notice.objects.count() == 1


class TestQueueFarewellMails:
    def test_each_deleted_person_gets_one(self):
        make_user("ada"), make_user("eve")
        Mail.objects.all().delete()

        User.objects.all().delete()

        assert set(Mail.objects.values_list("to", flat=True)) == {
            "ada@example.com",
            "eve@example.com",
        }

    @pytest.mark.parametrize("fields", [{}, {"is_staff": False}, {"is_active": False}])
    def test_speaks_of_signing_in_to_those_who_could(self, fields):
        ada = make_user(**fields)
        Mail.objects.all().delete()

        ada.delete()

        assert ("no longer sign in" in text_of(Mail.objects.get())) == (not fields)

    def test_many_are_written_at_once_and_not_rendered(self, monkeypatch):
        monkeypatch.setattr(EmailMessage, "message", lambda it: pytest.fail("rendered"))
        for number in range(30):
            make_user(f"p{number}")

        with CaptureQueriesContext(connection) as captured:
            User.objects.all().delete()

        assert sum('INTO "intranet_mail"' in it["sql"] for it in captured) == 1

    def test_a_pause_holds_it_back(self):
        ada = make_user("ada")
        Mail.objects.all().delete()

        with mails.farewell_mail.paused():
            ada.delete()

        assert not Mail.objects.exists()

    def test_a_rollback_leaves_none(self):
        ada = make_user()
        Mail.objects.all().delete()

        undone(ada.delete)

        assert not Mail.objects.exists()


class TestDeleteUserOfProfile:
    def test_the_person_goes_with_the_profile(self):
        ada = make_user("ada")

        ada.profile.delete()

        assert not User.objects.filter(username="ada").exists()

    def test_the_profile_goes_with_the_person(self):
        make_user().delete()

        assert not Profile.objects.exists()

    def test_many_profiles_take_their_people(self):
        make_user(), make_user(), make_user("stays")

        Profile.objects.exclude(user__username="stays").delete()

        assert User.objects.get().username == "stays"

    def test_a_rollback_keeps_both(self):
        ada = make_user()

        undone(ada.profile.delete)

        assert Profile.objects.get().user == ada


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
