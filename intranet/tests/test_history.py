"""What the history says of saves, links and deletions, down to the rare ones."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db.models.deletion import Collector

from intranet.outbox.mail import queue
from intranet.trace.action import batched, begin
from intranet.trace.models import Action, Change
from staff.models import Department, Profile
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def choir():
    return Group.objects.create(name="Choir")


@pytest.fixture
def since():
    """Return what tells the changes since the test began."""

    def told():
        changes = Change.objects.exclude(pk__in=before).order_by("pk")
        return [(it.object_name, it.kind, it.values) for it in changes]

    before: list[int] = []
    told.now = lambda: before.extend(Change.objects.values_list("pk", flat=True))
    return told


class TestSaves:
    def test_of_an_instance_made_by_hand_tell_what_was_there(self, choir, since):
        since.now()

        Group(pk=choir.pk, name="Band").save()

        assert since() == [("Band", "changed", {"name": ["Choir", "Band"]})]

    def test_of_the_same_moment_in_another_zone_change_nothing(self, since):
        profile = make_user().profile
        moment = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/London"))
        Profile.objects.filter(pk=profile.pk).update(departed_at=moment)
        since.now()

        profile.departed_at = moment
        profile.save()

        assert since() == []

    def test_name_what_they_lead_to_as_it_is_called_by_then(self, since):
        profile, sales = make_user().profile, Department.objects.create(name="Sales")
        since.now()

        with batched():
            for name, department in (("Sales", sales), ("Shop", None)):
                sales.name, profile.department = name, department
                sales.save()
                profile.save()

        assert since()[-1][2] == {"department": ["Shop", None]}


class TestLinks:
    def test_that_were_not_there_are_not_removed(self, choir, since):
        user = make_user()
        since.now()

        user.groups.remove(choir)
        choir.user_set.remove(user)

        assert since() == []


class TestDeletions:
    def test_by_a_cascade_tell_what_each_row_was_linked_to(self, choir, since):
        parent, departments = make_user(), [Department.objects.create(name=it) for it in "AB"]
        for department in departments:
            department.groups.add(choir)
        since.now()

        collector = Collector(using="default", origin=parent)
        for rows in ([parent], departments):
            collector.collect(rows)
        collector.delete()

        lost = {"removed": ["Choir"]}
        assert [it[0] for it in since() if it[2].get("groups") == lost] == ["A", "B"]

    def test_of_what_is_gone_are_none(self, choir, since):
        copy = Group.objects.get(pk=choir.pk)
        choir.delete()
        since.now()

        copy.delete()

        assert since() == []


@pytest.mark.django_db(transaction=True)
def test_an_action_without_a_transaction_writes_its_row_once():
    with begin(None) as act:
        for address in ("ada@example.com", "bob@example.com"):
            queue("farewell", [address], {"name": "Ada"})

    assert Action.objects.filter(pk=act.id).count() == 1
