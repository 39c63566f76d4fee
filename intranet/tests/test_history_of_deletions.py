import pytest
from django.contrib.auth.models import Group

from intranet.trace import history
from intranet.trace.changes import CASCADED
from intranet.trace.models import Change
from staff.tests.factories import make_department, make_user

pytestmark = pytest.mark.django_db


def test_who_loses_two_at_once_is_written_down_once_with_both():
    user, groups = make_user("ada"), [Group.objects.create(name=name) for name in ("A", "B")]
    user.groups.add(*groups)
    keys = sorted(str(it.pk) for it in groups)

    Group.objects.filter(name__in=["A", "B"]).delete()

    lost = Change.objects.get(object_key=user.pk, cause=CASCADED)
    assert sorted(lost.values["groups"]["removed"]) == ["A", "B"]
    assert sorted(lost.keys["groups"]["removed"]) == keys


def test_what_is_led_to_by_another_key_is_called_by_that(monkeypatch):
    """As a foreign key with `to_field` does; here the key alone is given back as such."""
    ada, department = make_user("ada"), make_department("Lab")
    read = history.losses

    def by_username(model, keys, using):
        found = read(model, keys, using)
        for change, _ in found:
            change.values = {"head": ["by its user name", None]}
        return found

    department.head = ada
    department.save()
    monkeypatch.setattr(history, "losses", by_username)

    ada.delete()

    lost = Change.objects.get(object_name="Lab", cause=CASCADED)
    assert lost.values == {"head": ["by its user name", None]}
