"""Undoing what led to rows that are gone: it says which, and is not offered where all are."""

import pytest
from django.contrib.auth.models import Group

from documents.tests.factories import make_post
from intranet.trace.undo import can_be_undone
from intranet.vetoes import Veto
from staff.tests.factories import make_user

from .undoing import act, undone

pytestmark = pytest.mark.django_db


class TestADeletion:
    def test_that_handed_posts_over_is_not_offered(self):
        ann, bob = make_user("ann"), make_user("bob")
        post = make_post("Party", author=ann)

        def hand_over_and_delete():
            post.author = bob
            post.save()
            ann.delete()

        assert not can_be_undone(act(hand_over_and_delete))

    def test_that_changed_something_else_is_offered(self):
        ann, post = make_user("ann"), make_post("Party")

        def rename_and_delete():
            post.title = "Feast"
            post.save()
            ann.delete()

        assert can_be_undone(act(rename_and_delete))

    def test_of_rows_that_were_changed_before_is_not_offered(self):
        ann = make_user("ann", last_name="Lee")

        def rename_and_delete():
            ann.last_name = "Berg"
            ann.save()
            ann.delete()

        assert not can_be_undone(act(rename_and_delete))


class TestAGroupThatIsGone:
    @pytest.fixture
    def club(self):
        return Group.objects.create(name="Club")

    def test_is_named_where_somebody_was_added_to_it(self, club):
        ada = make_user("ada")
        action = act(lambda: ada.groups.add(club))
        club.delete()

        with pytest.raises(Veto, match=r"it is gone since: ada \(Groups: Club\)"):
            undone(action)

    def test_is_named_where_somebody_was_taken_out_of_it(self, club):
        ada = make_user("ada")
        ada.groups.add(club)
        action = act(lambda: ada.groups.remove(club))
        club.delete()

        with pytest.raises(Veto, match=r"what was there before is gone: ada \(Groups: Club\)"):
            undone(action)

    def test_is_named_beside_what_comes_back(self, club):
        ada, lab = make_user("ada"), Group.objects.create(name="Lab")
        ada.groups.add(club, lab)
        action = act(lambda: ada.groups.remove(club, lab))
        club.delete()

        left = undone(action)

        assert ada.groups.filter(pk=lab.pk).exists()
        assert left == "Comes back without what is gone: ada (Groups: Club)"
