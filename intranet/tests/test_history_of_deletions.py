import pytest
from django.contrib.auth.models import Group

from intranet.trace.changes import CASCADED
from intranet.trace.models import Change
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_who_loses_two_at_once_is_written_down_once_with_both():
    user, groups = make_user("ada"), [Group.objects.create(name=name) for name in ("A", "B")]
    user.groups.add(*groups)
    keys = sorted(str(it.pk) for it in groups)

    Group.objects.filter(name__in=["A", "B"]).delete()

    lost = Change.objects.get(object_key=user.pk, cause=CASCADED)
    assert sorted(lost.values["groups"]["removed"]) == ["A", "B"]
    assert sorted(lost.keys["groups"]["removed"]) == keys
