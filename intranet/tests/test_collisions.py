"""What a collision looks like to whoever loses; staff/tests/test_races.py makes real ones."""

from contextlib import contextmanager

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import DataError, IntegrityError, OperationalError
from django.db.models.signals import pre_delete, pre_save

from intranet.collisions import is_collision
from staff.models import Department
from staff.tests.factories import make_department, make_superuser

pytestmark = pytest.mark.django_db
LIST = "/admin/staff/department/"


@contextmanager
def colliding(signal, times):
    """Refuse the next `times` operations on departments as the database would."""
    left = [IntegrityError("somebody was faster")] * times

    def refuse(**kwargs):
        if left:
            raise left.pop()

    signal.connect(refuse, sender=Department)
    try:
        yield
    finally:
        signal.disconnect(refuse, sender=Department)


@pytest.fixture
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root


class TestForms:
    def test_are_tried_again(self, client, root):
        with colliding(pre_save, times=1):
            client.post(f"{LIST}add/", {"name": "Lab"})

        assert Department.objects.get().name == "Lab"
        assert LogEntry.objects.count() == 1

    def test_keep_what_was_typed_when_that_does_not_help(self, client, root):
        with colliding(pre_save, times=5):
            response = client.post(f"{LIST}add/", {"name": "Lab"})

        form = response.context["adminform"].form
        assert "at the same moment" in form.non_field_errors()[0]
        assert form["name"].value() == "Lab"
        assert not Department.objects.exists()


class TestOtherRequests:
    def test_end_with_a_message(self, client, root):
        lab = make_department("Lab")

        with colliding(pre_delete, times=1):
            response = client.post(f"{LIST}{lab.pk}/delete/", {"post": "yes"})

        assert response.status_code == 302
        assert "nothing was saved" in str(next(iter(get_messages(response.wsgi_request))))
        assert Department.objects.exists()

    def test_bulk_actions_happen_whole_or_not_at_all(self, client, root):
        lab = make_department("Lab")
        chosen = {"action": "delete_selected", "_selected_action": [lab.pk], "post": "yes"}

        with colliding(pre_delete, times=1):
            client.post(LIST, chosen)

        assert Department.objects.exists()
        assert not LogEntry.objects.exists()


class TestIsCollision:
    @pytest.mark.parametrize(("state", "expected"), [("40P01", True), ("57P01", False)])
    def test_knows_deadlocks_by_their_state(self, state, expected):
        error = OperationalError()
        error.__cause__ = type("Cause", (Exception,), {"sqlstate": state})()

        assert is_collision(error) is expected

    def test_leaves_other_errors_alone(self):
        assert not is_collision(DataError())
        assert not is_collision(KeyError())
