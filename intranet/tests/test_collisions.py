"""What a collision looks like to whoever loses; staff/tests/test_races.py makes real ones."""

from contextlib import contextmanager
from threading import Thread

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, connections
from django.db.models.signals import pre_delete, pre_save

from intranet.tests.pages import opened
from intranet.trace.models import Change
from intranet.vetoes import COLLIDED, is_collision
from staff.models import Department, User
from staff.tests.factories import make_department, make_user

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


def test_whoever_waited_too_long_for_others_to_write_is_told(client, root):
    def refuse(**kwargs):
        raise OperationalError("database is locked")

    pre_save.connect(refuse, sender=Department)
    try:
        page = client.post(f"{LIST}add/", {"name": "Lab"}, follow=True)
    finally:
        pre_save.disconnect(refuse, sender=Department)

    assert "The site is busy with something long" in page.content.decode()
    assert not Department.objects.exists()


class TestForms:
    def test_are_tried_again(self, client, root):
        with colliding(pre_save, times=1):
            client.post(f"{LIST}add/", {"name": "Lab"})

        assert Department.objects.get().name == "Lab"
        assert Change.objects.filter(object_name="Lab").count() == 1

    def test_keep_what_was_typed_when_that_does_not_help(self, client, root):
        with colliding(pre_save, times=5):
            response = client.post(f"{LIST}add/", {"name": "Lab"})

        form = response.context["adminform"].form
        assert "at the same moment" in form.non_field_errors()[0]
        assert form["name"].value() == "Lab"
        assert not Department.objects.exists()


class TestOtherRequests:
    def test_end_on_the_page_that_asked(self, client, root):
        url = f"{LIST}{make_department('Lab').pk}/delete/"
        said = client.get(url).context["plan"].token()

        with colliding(pre_delete, times=1):
            response = client.post(url, {"post": "yes", "_said": said})

        assert response.context["plan"].refused == [COLLIDED]
        assert Department.objects.exists()

    def test_bulk_actions_happen_whole_or_not_at_all(self, client, root):
        lab = make_department("Lab")
        chosen = {"action": "delete_selected", "_selected_action": [lab.pk], "post": "yes"}
        said = client.post(LIST, chosen).context["plan"].token()

        with colliding(pre_delete, times=1):
            response = client.post(LIST, chosen | {"_said": said})

        assert response.context["plan"].refused == [COLLIDED]

        assert Department.objects.exists()
        assert not Change.objects.filter(kind="deleted").exists()


@contextmanager
def meanwhile(signal, change):
    """Do something once, when a department is about to be written."""
    left = [change]

    def receiver(**kwargs):
        if left:
            left.pop()()

    signal.connect(receiver, sender=Department)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=Department)


def delete_elsewhere(user):
    def delete():
        User.objects.filter(pk=user.pk).delete()
        connections.close_all()

    thread = Thread(target=delete)
    thread.start()
    thread.join()


@pytest.mark.django_db(transaction=True)
class TestRefusedAtTheCommit:
    """References are checked there, when views have answered already."""

    def test_ends_with_a_message(self, client, root):
        lab, shop = make_department("Lab"), make_department("Shop")
        url = f"{LIST}{lab.pk}/delete/"
        page = client.get(url).context
        form = {"post": "yes", "_said": page["plan"].token()}
        form["csrfmiddlewaretoken"] = str(page["csrf_token"])
        shops = Department.objects.filter(pk=shop.pk)

        with meanwhile(pre_delete, lambda: shops.update(head_id=999)):
            response = client.post(url, form)

        if connection.vendor == "sqlite":  # found at the commit, when the page was made
            (told,) = client.get(response["Location"]).context["messages"]
        else:
            (told,) = response.context["plan"].refused
        assert "nothing was saved" in str(told)
        assert Department.objects.count() == 2

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="nobody writes meanwhile")
    def test_a_form_keeps_what_was_typed(self, client, root):
        bob = make_user("bob")
        form = opened(client, f"{LIST}add/", name="Lab", head=bob.pk)

        with meanwhile(pre_save, lambda: delete_elsewhere(bob)):
            response = client.post(f"{LIST}add/", form)

        shown = response.context["adminform"].form
        assert shown["name"].value() == "Lab"
        assert "head" in shown.errors
        assert not Department.objects.exists()


class TestIsCollision:
    @pytest.mark.parametrize(("state", "expected"), [("40P01", True), ("57P01", False)])
    def test_knows_deadlocks_by_their_state(self, state, expected):
        error = OperationalError()
        error.__cause__ = type("Cause", (Exception,), {"sqlstate": state})()

        assert is_collision(error) is expected

    def test_leaves_other_errors_alone(self):
        assert not is_collision(DataError())
        assert not is_collision(KeyError())
