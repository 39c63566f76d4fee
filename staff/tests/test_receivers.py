"""Receivers of new people: each fires, stays silent, ignores loaddata, leaves nothing behind."""

import pytest
from django.core.management import call_command

from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from staff import mails
from staff.models import Profile, User
from staff.tests.factories import make_user
from staff.tests.rows import group_names, load, undone

pytestmark = pytest.mark.django_db


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
