import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError

from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


class TestUser:
    def test_email_is_unique_whatever_its_case(self):
        make_user("ada", email="ada@example.com")

        with pytest.raises(IntegrityError, match="user_email_unique_whatever_its_case"):
            make_user("other", email="ADA@Example.com")

    def test_email_is_required(self):
        with pytest.raises(IntegrityError, match="user_email_is_given"):
            User.objects.create(username="nobody")

    @pytest.mark.parametrize("field", ["first_name", "last_name", "email"])
    @pytest.mark.parametrize("line_break", ["\n", "\r"])
    def test_line_breaks_are_refused(self, field, line_break):
        with pytest.raises(IntegrityError, match=f"user_{field}_is_a_single_line"):
            make_user("ada", **{field: f"a{line_break}b@example.com"})


def test_admins_are_whom_django_says_hold_the_right(django_assert_num_queries):
    own, by_group = make_user("own"), make_user("group", roles=["HR"])
    own.user_permissions.add(Permission.objects.get(codename="receive_notices"))
    make_user("off", roles=["HR"], is_active=False)
    make_user("plain")
    root = make_superuser()

    backend = "django.contrib.auth.backends.ModelBackend"
    expected = User.objects.with_perm("intranet.receive_notices", backend=backend)
    with django_assert_num_queries(1):
        assert set(User.objects.admins()) == {own, by_group, root}
    assert set(expected) == {own, by_group, root}
