import gc

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from intranet.trace.origin import recall, remember, remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
def origin():
    return Group.objects.all()


def keep(origin, facts):
    remember(origin, "facts", 1, facts, using="default")


class TestRemember:
    def test_what_is_kept_is_recalled_once(self, origin):
        keep(origin, "Ada")

        assert [recall(origin, "facts"), recall(origin, "facts")] == [["Ada"], []]

    def test_each_deletion_and_key_has_its_own(self, origin):
        keep(origin, "Ada")

        assert remembered(Group.objects.all(), "facts") == {}
        assert remembered(origin, "others") == {}

    def test_nothing_is_hung_on_the_origin(self, origin):
        before = set(vars(origin))

        keep(origin, "Ada")

        assert set(vars(origin)) == before

    def test_a_rollback_forgets(self, origin):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            keep(origin, "Ada")
            raise ZeroDivisionError
        gc.collect()

        assert recall(origin, "facts") == []

    def test_a_rollback_forgets_the_second_deletion_of_an_origin_too(self, origin):
        keep(origin, "Ada")
        recall(origin, "facts")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            keep(origin, "Eve")
            raise ZeroDivisionError
        gc.collect()

        assert recall(origin, "facts") == []

    @pytest.mark.django_db(transaction=True)
    def test_a_commit_forgets(self, origin):
        with transaction.atomic():
            keep(origin, "Ada")

        assert recall(origin, "facts") == []
