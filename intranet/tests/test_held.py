"""What somebody may do: as Django says, in one question."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser

from staff.models import User
from staff.tests.factories import make_group, make_holder, make_superuser, make_user

pytestmark = pytest.mark.django_db


def holder(**fields):
    ada = make_holder("staff.view_user", "intranet.receive_notices", **fields)
    ada.groups.add(make_group("Desk", "staff.view_user", "documents.add_post"))
    return User.objects.get(pk=ada.pk)


def test_is_asked_once(django_assert_num_queries):
    ada = holder()

    with django_assert_num_queries(1):
        assert ada.has_perms(["staff.view_user", "intranet.receive_notices", "documents.add_post"])
        assert not ada.has_perm("staff.add_user")


@pytest.mark.parametrize(
    "make", [holder, lambda: holder(is_active=False), make_superuser, make_user]
)
def test_is_what_django_says(make):
    ada = make()
    django = ModelBackend().get_all_permissions(User.objects.get(pk=ada.pk))

    assert ada.get_all_permissions() == django
    assert ada.get_all_permissions(obj=ada) == set()


def test_is_nothing_for_whoever_is_not_signed_in(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert AnonymousUser().get_all_permissions() == set()
