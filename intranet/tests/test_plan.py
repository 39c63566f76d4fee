"""Plans that do the same are equal, whatever the database makes of their rows."""

import pytest
from django.contrib.contenttypes.models import ContentType

from intranet.trace.action import Act
from intranet.trace.models import Change
from intranet.trace.plan import plan_of
from staff.models import Department, User

pytestmark = pytest.mark.django_db


def plan(*changes):
    """Return the plan of changes (model, key, kind, values)."""
    return plan_of(
        Act(),
        [
            Change(
                content_type_id=ContentType.objects.get_for_model(model).pk,
                object_key=key,
                object_name="Ada",
                kind=kind,
                values=values,
            )
            for model, key, kind, values in changes
        ],
        "default",
        [],
    )


def added(key, then=None):
    """Add somebody and give a group to somebody."""
    groups = {"groups": {"added": ["Choir"]}}
    return plan((User, key, "created", {}), (User, then or key, "changed", groups))


class TestPlans:
    def test_are_equal_whatever_keys_new_rows_get(self):
        assert added("7").digest == added("8").digest

    def test_differ_when_it_is_about_somebody_else(self):
        assert added("7").digest != added("7", then="8").digest

    def test_are_equal_in_whatever_order_fields_are_stored(self):
        one, other = {"name": ["a", "b"]}, {"head": ["x", "y"]}

        plans = [plan((Department, "1", "changed", it)) for it in (one | other, other | one)]

        assert plans[0].lines == plans[1].lines
        assert plans[0].digest == plans[1].digest
