"""A save of a person saves what was changed of the profile they carry, and nothing else."""

from contextlib import suppress

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intranet.tests.pages import confirmed, posted
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.people_pages import PEOPLE
from staff.tests.tables import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    made = make_user("ada", department=make_department("Lab", groups=["Readers"]))
    return User.objects.get(pk=made.pk)


def stored(user) -> Profile:
    return Profile.objects.get(user=user)


def queries(do, of="") -> int:
    """Return how many queries with `of` in them `do` takes, savepoints aside."""
    with CaptureQueriesContext(connection) as captured:
        do()
    sqls = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    return sum(of in sql for sql in sqls)


UPDATE = 'UPDATE "staff_profile"'


class TestSaveProfile:
    def test_a_change_is_saved_with_the_person(self, ada):
        ada.profile.phone = "123"

        assert queries(ada.save, UPDATE) == 1
        assert stored(ada).phone == "123"

    def test_so_is_one_of_somebody_just_made(self):
        eve = User.objects.create_user("eve", "eve@example.com")
        eve.profile.phone = "123"

        eve.save()

        assert stored(eve).phone == "123"

    def test_its_department_brings_its_groups(self, ada):
        ada.profile.department = make_department("Sales", groups=["Sellers"])

        ada.save()

        assert set(ada.groups.values_list("name", flat=True)) == {"User", "Sellers"}

    def test_what_is_not_changed_is_not_written_again(self, ada):
        ada.profile.phone = "123"
        ada.save()

        assert queries(ada.save, UPDATE) == 0

    def test_a_profile_as_it_was_read_takes_no_query(self, ada):
        not_read = User.objects.get(pk=ada.pk)
        assert ada.profile.phone == ""

        assert queries(ada.save) == queries(not_read.save) - 1  # which asks whether there is one

    def test_a_profile_that_was_not_read_is_not(self, ada):
        assert queries(ada.save, UPDATE) == 0
        assert queries(lambda: ada.save(update_fields=["last_name"]), '"staff_profile"') == 0

    def test_what_others_changed_meanwhile_stays(self, ada):
        ada.profile.phone = "123"
        Profile.objects.update(location="Oslo")

        ada.save()

        assert (stored(ada).phone, stored(ada).location) == ("123", "Oslo")

    def test_so_it_does_beside_somebody_just_made(self):
        eve = User.objects.create_user("eve", "eve@example.com")
        Profile.objects.update(location="Oslo")

        eve.save()

        assert stored(eve).location == "Oslo"

    def test_and_after_a_save(self, ada):
        ada.profile.phone = "123"
        ada.save()
        Profile.objects.update(location="Oslo")

        ada.save()

        assert (stored(ada).phone, stored(ada).location) == ("123", "Oslo")

    @pytest.mark.django_db(transaction=True)
    def test_once_committed_a_change_is_not_saved_again(self, ada):
        ada.profile.phone = "123"
        ada.save()
        Profile.objects.update(phone="456")

        ada.save()

        assert stored(ada).phone == "456"

    @pytest.mark.parametrize("read", ["defer", "refresh"])
    def test_reading_one_field_later_leaves_the_others_alone(self, ada, read):
        profile = Profile.objects.defer("phone").select_related("user").get()
        Profile.objects.update(location="Oslo")
        assert (
            profile.phone == ""
            if read == "defer"
            else not profile.refresh_from_db(fields=["phone"])
        )

        profile.user.save()

        assert stored(ada).location == "Oslo"

    def test_a_refreshed_profile_gives_back_nothing(self, ada):
        assert ada.profile.phone == ""
        Profile.objects.update(phone="456")
        ada.profile.refresh_from_db()

        assert queries(ada.save, UPDATE) == 0

    def test_deferred_fields_are_left_alone(self, ada):
        profile = Profile.objects.only("user").select_related("user").get(user=ada)
        Profile.objects.update(phone="456")
        profile.location = "Oslo"

        profile.user.save()

        assert (stored(ada).phone, stored(ada).location) == ("456", "Oslo")

    def test_a_save_of_certain_fields_saves_no_others(self, ada):
        ada.profile.phone = "123"

        ada.save(update_fields=["first_name"])

        assert stored(ada).phone == ""

    def test_after_a_rollback_it_is_saved_the_next_time(self, ada):
        ada.profile.phone = "123"
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            ada.save()
            raise ZeroDivisionError
        assert stored(ada).phone == ""

        ada.save()

        assert stored(ada).phone == "123"

    @pytest.mark.parametrize("lost", ["rolled back", "deleted"])
    def test_a_person_saved_anew_has_a_profile_anew(self, lost):
        eve = User(username="eve", email="eve@example.com")
        with suppress(ZeroDivisionError), transaction.atomic():
            eve.save()
            eve.profile.phone = "123"
            assert lost == "deleted" or 1 / 0
        User.objects.filter(pk=eve.pk).delete()

        eve.save()

        assert stored(eve).phone == "123"

    def test_a_deletion_that_is_taken_back_makes_a_profile(self, ada):
        make_superuser()
        assert ada.profile.phone == ""
        ada.delete()

        ada.save()

        assert stored(ada)

    def test_a_copy_of_a_person_takes_no_profile_along(self, ada):
        ada.profile.phone = "123"
        copy = ada
        copy.pk, copy._state.adding, copy.username, copy.email = None, True, "eve", "e@example.com"

        copy.save()

        assert Profile.objects.get(user__username="ada").phone == ""
        assert Profile.objects.get(user__username="eve") != Profile.objects.get(
            user__username="ada"
        )

    def test_another_database_keeps_its_own(self, ada):
        ada.profile.phone = "123"
        ada.profile._state.db = "another"

        ada.save(using="default")

        assert stored(ada).phone == ""

    @pytest.mark.parametrize("is_new", [True, False])
    def test_one_that_was_put_together_by_hand_is_the_one(self, is_new):
        eve = User(username="eve", email="eve@example.com")
        if not is_new:
            User.objects.bulk_create([eve])
            eve = User.objects.get()
        eve.profile = Profile(phone="123")

        eve.save()

        assert stored(eve).phone == "123"

    def test_a_copy_in_another_database_gets_one_there(self, ada):
        profile = ada.profile
        profile._state.db = "another"
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM staff_profile")

        ada.save(using="default")

        assert stored(ada) != profile

    def test_loaddata_saves_none(self, ada):
        text = serializers.serialize("json", [ada])
        loaded = next(serializers.deserialize("json", text))
        loaded.object.profile.phone = "123"

        loaded.save()

        assert stored(ada).phone == ""

    def test_the_page_writes_it_once(self, client, ada):
        client.force_login(make_superuser())
        page = reverse("admin:staff_user_change", args=[ada.pk])
        data = posted(client.get(page), first_name="Adele", **{"profile-0-phone": "123"})

        assert queries(lambda: confirmed(client, page, data), UPDATE) == 1
        assert stored(ada).phone == "123"

    def test_a_bulk_action_writes_none(self, client, ada):
        client.force_login(make_superuser())
        data = {"action": "deactivate", "_selected_action": [ada.pk]}

        done = queries(lambda: confirmed(client, PEOPLE, data), UPDATE)

        assert done == 0
        assert not User.objects.get(pk=ada.pk).is_active

    def test_an_import_writes_it_once(self, ada):
        lines = ["E-mail,First name,Phone", f"{ada.email},Adele,123"]

        assert queries(lambda: run(*lines), UPDATE) == 1
        assert stored(ada).phone == "123"
