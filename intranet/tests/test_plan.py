"""Plans that do the same are equal, whatever the database makes of their rows."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils.timezone import now

from documents.models import Post
from intranet.outbox.notices import notify_admins
from intranet.trace.action import Act
from intranet.trace.models import Change
from intranet.trace.plan import plan_of
from intranet.trace.rehearsal import rehearse
from staff.models import Department, User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


def plan(*changes, at=None):
    """Return the plan of changes (model, key, kind, values, keys)."""
    act = Act()
    act.at = at or act.at
    return plan_of(
        act,
        [
            Change(
                content_type_id=ContentType.objects.get_for_model(model).pk,
                object_key=key,
                object_name="Ada",
                kind=kind,
                values=values,
                keys=dict(*keys),
            )
            for model, key, kind, values, *keys in changes
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

    def test_are_equal_in_whatever_order_rows_are_read(self):
        one, other = ((User, key, "changed", {"phone": ["", key]}) for key in "12")

        assert plan(one, other).digest == plan(other, one).digest

    def test_differ_when_a_namesake_is_meant(self):
        head = {"head": [None, "Bob"]}

        one, other = (
            plan((Department, "1", "changed", head, {"head": [None, key]})) for key in (1, 2)
        )

        assert one.digest != other.digest

    def test_are_equal_when_a_new_row_gets_another_key(self):
        head = {"head": [None, "Bob"]}

        one, other = (
            plan(
                (User, str(key), "created", {}),
                (Department, "1", "changed", head, {"head": [None, key]}),
            )
            for key in (1, 2)
        )

        assert one.digest == other.digest

    def test_are_equal_however_long_somebody_thinks_about_a_time_they_typed(self):
        at = now().replace(second=0, microsecond=0)
        typed = Post, "1", "changed", {"publish_at": [None, at.isoformat()]}

        assert plan(typed, at=at).digest == plan(typed, at=at + timedelta(hours=1)).digest


@pytest.mark.django_db
def test_tells_admins_and_others_who_are_told_apart():
    make_superuser()
    head = make_user("head")

    told = rehearse(lambda: notify_admins("Ada has left", also=[head])).sentence

    assert told == "1 admin told, 1 other person told"
