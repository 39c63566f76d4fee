"""Receivers of people deleted: each fires, stays silent, and leaves nothing after a rollback."""

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intranet.outbox.models import Mail, Notice
from intranet.tests.outbox import text_of
from intranet.trace.action import begin
from staff import mails
from staff.models import Profile, User
from staff.superusers import LastSuperuserError
from staff.tests.factories import make_superuser, make_user
from staff.tests.rows import undone

pytestmark = pytest.mark.django_db


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
