"""Undoing what was changed in part since: it is said, and the rest can be undone later."""

from types import SimpleNamespace

import pytest

from documents.models import Post
from documents.tests.factories import make_post
from intranet.admin.undoing import how_far
from intranet.trace.models import Action
from intranet.vetoes import Veto
from staff.models import User
from staff.tests.factories import make_user
from staff.tests.tables import run

from .pages import page
from .undoing import act, as_role, ask, confirm, offered, put, undone

pytestmark = pytest.mark.django_db


class TestPages:
    @pytest.fixture(autouse=True)
    def root(self, client):
        return as_role(client, "superuser")

    @pytest.fixture
    def imported(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B", "c@example.com,C"
        return act(lambda: run(*lines), summary="3 people created")

    @pytest.fixture
    def moved(self, imported):
        return act(lambda: put(User.objects.get(last_name="C"), first_name="Cleo"))

    def told(self, client, action):
        """Return what the list says of an action."""
        changelist = client.get("/admin/intranet/action/").context["cl"]
        (found,) = [it for it in changelist.result_list if it == action]
        return changelist.model_admin.what(found)

    def test_say_before_and_after_how_much_is_undone(self, client, imported, moved):
        asked = ask(client, imported)
        answer = confirm(client, asked)

        said = "Undone in part, 2 of 3, while 1 stays as it is: 3 people created"
        assert asked.context["plan"].sentence.startswith(said)
        assert said in answer.content.decode()
        assert self.told(client, imported) == "3 people created (undone in part)"

    def test_offer_the_rest_until_it_is_undone(self, client, imported, moved):
        confirm(client, ask(client, imported))
        assert offered(client, imported) == ["Undo"]
        confirm(client, ask(client, moved))

        asked = ask(client, imported)
        assert asked.context["plan"].sentence.startswith("Undone, the 1 left: 3 people created")
        confirm(client, asked)

        assert not User.objects.filter(last_name="C").exists()
        assert offered(client, imported) == []
        assert self.told(client, imported) == "3 people created (undone)"

    def test_refuse_the_rest_while_it_is_changed(self, client, imported, moved):
        confirm(client, ask(client, imported))

        refused = ask(client, imported).context["plan"].refused

        assert refused == ["There is nothing left to undo. Stays as it is, changed since: Cleo C."]

    def test_lead_from_each_to_the_other(self, client, imported, moved):
        confirm(client, ask(client, imported))
        part = Action.objects.get(undoes_part_of=imported.pk)

        assert page(part) in client.get(page(imported)).content.decode()
        assert page(imported) in client.get(page(part)).content.decode()

    def test_name_no_part_that_was_done_again(self, client):
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [put(it, first_name="X") for it in (ada, bob)], summary="Renamed")
        put(bob, first_name="Bob")
        confirm(client, ask(client, action))

        confirm(client, ask(client, Action.objects.get(undoes_part_of=action.pk)))

        assert self.told(client, action) == "Renamed"
        confirm(client, ask(client, action))
        assert User.objects.get(pk=ada.pk).first_name == ""


class TestRest:
    def test_is_undone_without_what_was_undone_before(self):
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [put(it, first_name="X") for it in (ada, bob)])
        since = act(lambda: put(bob, first_name="Bob"))
        undone(action)
        put(ada, first_name="X")
        undone(since)

        undone(action)

        assert User.objects.get(pk=ada.pk).first_name == "X"
        assert User.objects.get(pk=bob.pk).first_name == ""

    def test_brings_nothing_back_twice(self):
        post, bob = make_post("Party"), make_user("bob")
        action = act(lambda: [post.delete(), put(bob, first_name="X")])
        put(bob, first_name="Bob")
        undone(action)
        Post.objects.all().delete()

        with pytest.raises(Veto, match="nothing left to undo"):
            undone(action)

        assert not Post.objects.exists()

    def test_gives_no_group_twice(self):
        ada, bob = make_user("ada", roles=["HR"]), make_user("bob")
        action = act(lambda: [ada.groups.clear(), put(bob, first_name="X")])
        put(bob, first_name="Bob")
        undone(action)
        ada.groups.clear()

        with pytest.raises(Veto, match="nothing left to undo"):
            undone(action)

        assert not ada.groups.exists()

    def test_leaves_nothing_that_counts_as_changed_since(self):
        made = act(lambda: run("E-mail,Last name", "a@example.com,A", "b@example.com,B"))
        rows = User.objects.order_by("pk")
        action = act(lambda: [put(it, first_name="X") for it in rows])
        since = act(lambda: put(rows[0], first_name="Bob"))
        for it in (action, since, action):
            undone(it)

        undone(made)

        assert not User.objects.exists()


class TestWords:
    def said(self, done, rest, is_first=True):
        way = SimpleNamespace(done={*done}, rest={*rest}, is_first=is_first)
        return str(how_far(way, "3,000 people created"))

    def test_write_numbers_with_separators(self):
        assert self.said(range(742), range(742, 3000)) == (
            "Undone in part, 742 of 3,000, while 2,258 stay as they are: 3,000 people created"
        )

    def test_tell_rows_that_are_undone_in_part_themselves(self):
        assert self.said(range(3000), range(742, 3000)) == (
            "Undone in part, 742 of 3,000 wholly: 3,000 people created"
        )

    def test_count_the_rest_in_the_end(self):
        said = self.said(range(2258), [], is_first=False)

        assert said == "Undone, the 2,258 left: 3,000 people created"
