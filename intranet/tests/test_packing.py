from contextlib import suppress

import pytest
from django.db import transaction

from intranet.trace.action import batched, begin, collect
from intranet.trace.packing import Every, Packed


class TestPacked:
    def test_holds_what_it_was_given(self):
        packed = Packed([1, "two", {"three": [3]}])

        assert [*packed] == [*packed] == [1, "two", {"three": [3]}]
        assert len(packed) == 3

    def test_is_small(self):
        packed = Packed([{"name": f"Person {number}"} for number in range(1000)])

        assert len(packed.data) < 10_000


class TestEvery:
    def test_goes_through_all_parts_any_number_of_times(self):
        every = Every([[1], Packed([2, 3]), []])

        assert [*every] == [*every] == [1, 2, 3]
        assert len(every) == 3

    def test_is_false_without_a_thing(self):
        assert not Every([[], Packed([])])


@pytest.mark.django_db
class TestPack:
    def test_keeps_what_was_collected(self):
        with begin(None) as act, batched():
            collect("things", [1])
            act.pack("things", "default")
            collect("things", [2])

            assert act.collected("things", "default") == [1, 2]

    def test_leaves_it_to_the_rollback(self):
        with begin(None) as act, batched():
            collect("things", [1])
            with suppress(ZeroDivisionError), transaction.atomic():
                collect("things", [2])
                act.pack("things", "default")
                raise ZeroDivisionError
            collect("things", [3])

            assert act.collected("things", "default") == [1, 3]

    def test_takes_nothing_from_a_list_that_was_given(self):
        given = [1]
        with begin(None), batched():
            collect("things", given)
            collect("things", [2])

        assert given == [1]

    def test_what_is_collected_after_a_rollback_stays(self):
        with begin(None) as act, batched():
            for number in range(3):
                with suppress(ZeroDivisionError), transaction.atomic():
                    collect("things", [number])
                    assert number != 1 or 1 / 0

            assert act.collected("things", "default") == [0, 2]
