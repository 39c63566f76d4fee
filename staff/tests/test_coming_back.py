"""Coming back whole, and joining."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection

from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from staff import leaving
from staff.models import Profile, User
from staff.tests.factories import day, make_user
from staff.tests.rows import group_names

pytestmark = pytest.mark.django_db


class TestComingBack:
    def test_everything_is_as_it_was(self, ada):
        leaving.plan(ada, day(0))

        leaving.bring_back(ada)

        ada.refresh_from_db()
        assert ada.is_active
        assert group_names(ada) == {"User", "Readers"}
        assert ada.profile.left_on is ada.profile.departed_at is None

    def test_a_mail_says_how_to_sign_in(self, ada):
        leaving.plan(ada, day(0))
        Mail.objects.all().delete()

        leaving.bring_back(ada)

        text = text_of(Mail.objects.get())
        assert "Welcome back" in text
        assert "Sign in with your password" in text

    def test_it_is_announced_once(self, ada, heard):
        leaving.plan(ada, day(0))

        leaving.bring_back(ada)

        assert heard[1:] == [("joined", "ada", True)]

    def test_a_planned_leaving_is_called_off(self, ada, heard):
        leaving.plan(ada, day(5))

        leaving.bring_back(ada)

        ada.refresh_from_db()
        assert ada.profile.left_on is None
        assert heard == []


class TestRefuseRevivingLeaver:
    def test_an_old_copy_cannot_let_them_in_again(self, ada):
        copy = User.objects.get(pk=ada.pk)
        leaving.plan(ada, day(0))

        with pytest.raises(leaving.HasLeftError):
            copy.save()

        assert not User.objects.get(pk=ada.pk).is_active

    @pytest.mark.parametrize("fields", [["first_name"], ["last_login"]])
    def test_other_fields_can_be_saved(self, ada, fields):
        copy = User.objects.get(pk=ada.pk)
        leaving.plan(ada, day(0))

        copy.save(update_fields=fields)

        assert not User.objects.get(pk=ada.pk).is_active

    def test_somebody_switched_off_can_be_switched_on(self):
        ada = make_user(is_active=False)
        ada.is_active = True

        ada.save()

        assert User.objects.get(pk=ada.pk).is_active

    def test_loaddata_is_not_asked(self, ada):
        copy = serializers.serialize("json", [ada])
        leaving.plan(ada, day(0))

        for deserialized in serializers.deserialize("json", copy):
            deserialized.save()

        assert User.objects.get(pk=ada.pk).is_active


class TestJoining:
    def test_a_new_person_is_announced_once(self, heard):
        ada = make_user("ada")
        ada.save()

        assert heard == [("joined", "ada", False)]

    def test_somebody_inactive_is_not(self, heard):
        make_user(is_active=False)

        assert heard == []

    def test_switching_off_and_on_is_neither_leaving_nor_joining(self, heard):
        ada = make_user("ada", is_active=False)

        for is_active in (True, False):
            ada.is_active = is_active
            ada.save()

        assert heard == []


def test_rows_from_before_say_nothing_of_those_who_are_here(ada):
    left = make_user("eve")
    leaving.plan(left, day(0))
    Profile.objects.filter(user=ada).update(was_inactive=False)
    migration = import_module("staff.migrations.0008_access_ended")

    migration.forget_of_those_who_are_here(apps, SimpleNamespace(connection=connection))

    assert Profile.objects.get(user=ada).was_inactive is None
    assert Profile.objects.get(user=left).was_inactive is False
