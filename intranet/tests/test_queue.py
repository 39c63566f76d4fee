"""The one protocol of all work that is due."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from intranet.models import Trouble
from intranet.queue import purge
from intranet.troubles import UNKNOWN, Noted, work_off
from staff.models import User
from staff.tests.factories import make_superuser, make_user

TERM = timedelta(minutes=5)


def make_rows(count=1, **values):
    return [Trouble.objects.create(kind="test", key=str(n), **values) for n in range(count)]


def lease(limit=1):
    return Trouble.objects.ripe().order_by("pk").lease(limit, TERM)


def due_keys():
    return set(Trouble.objects.ripe().values_list("key", flat=True))


@pytest.mark.django_db
class TestLease:
    def test_counts_an_attempt_and_is_due_again_when_it_ends(self):
        make_rows(2)

        (row,) = lease()

        stored = Trouble.objects.get(pk=row.pk)
        assert (stored.key, stored.attempts) == ("0", 1) == (row.key, row.attempts)
        assert stored.next_attempt_at == row.next_attempt_at > timezone.now()
        assert due_keys() == {"1"}

    def test_of_nothing_asks_and_takes_no_lock(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert lease() == []

    def test_ends_when_the_clock_is_set_back(self):
        make_rows(attempts=1, next_attempt_at=timezone.now() + timedelta(days=1))

        assert due_keys() == {"0"}


@pytest.mark.django_db
class TestHeld:
    def test_are_the_rows_that_nobody_took_over(self):
        make_rows(2)
        mine = lease(2)
        Trouble.objects.filter(key="0").update(next_attempt_at=timezone.now())
        lease()

        assert [row.key for row in Trouble.objects.held(mine)] == ["1"]

    def test_of_none_are_none(self):
        make_rows()

        assert not Trouble.objects.held([]).exists()

    def test_a_late_worker_writes_nothing_down(self):
        make_rows()
        (mine,) = lease()
        Trouble.objects.update(attempts=2)

        assert Trouble.objects.postpone(mine, "late") == 0
        assert Trouble.objects.get().error == ""


@pytest.mark.django_db
class TestOutcomes:
    def test_what_failed_waits_longer_each_time(self, stop_clock):
        make_rows()
        stop_clock()
        waits = []

        for _ in range(3):
            (row,) = lease()
            Trouble.objects.postpone(row, "no")
            waits.append(Trouble.objects.get().next_attempt_at - timezone.now())
            Trouble.objects.update(next_attempt_at=timezone.now())

        assert [wait.total_seconds() for wait in waits] == [10, 20, 40]

    def test_what_was_not_tried_is_given_back(self):
        make_rows()

        Trouble.objects.release(lease())

        assert Trouble.objects.get().attempts == 0
        assert due_keys() == {"0"}

    def test_purging_is_bounded(self):
        make_rows(3)

        assert purge(Trouble.objects.all(), 2) == 2
        assert Trouble.objects.count() == 1

        assert purge(Trouble.objects.all(), 2) == 0  # there is nothing to hurry for
        assert not Trouble.objects.exists()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no rows")
@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    def test_get_different_rows(self):
        make_rows(20)
        start = Barrier(4)

        def work():
            start.wait()
            keys = [row.key for _ in range(5) for row in lease()]
            connection.close()
            return keys

        with ThreadPoolExecutor(4) as pool:
            taken = [
                key for future in [pool.submit(work) for _ in range(4)] for key in future.result()
            ]

        assert len(taken) == len(set(taken))

    def test_pass_over_a_row_that_another_is_taking(self):
        make_rows(2)

        def work():
            keys = [row.key for row in lease(2)]
            connection.close()
            return keys

        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            Trouble.objects.select_for_update().get(key="0")

            assert pool.submit(work).result(timeout=20) == ["1"]


@pytest.mark.django_db
class TestWorkOff:
    @pytest.fixture
    def people(self):
        return [make_user("ada", last_name="Due"), make_user("bob", last_name="Due")]

    def work_off(self, work):
        due = User.objects.filter(last_name="Due").order_by("pk")
        return work_off("people", due, work, lambda pk, error: {"message": "It failed"})

    def test_does_one_row_at_a_time(self, people):
        done = []

        def work(pk):
            done.append(pk)
            User.objects.filter(pk=pk).update(last_name="")
            return True

        assert [self.work_off(work) for _ in range(3)] == [1, 1, 0]
        assert done == [person.pk for person in people]
        assert not Trouble.objects.exists()

    def test_a_row_that_fails_waits_and_keeps_no_other_back(self, people):
        make_superuser()
        done = []

        def work(pk):
            if pk == people[0].pk:
                raise ValueError("not this one")
            done.append(pk)
            return True

        with pytest.raises(Noted):
            self.work_off(work)

        trouble = Trouble.objects.get(key=str(people[0].pk))
        assert (done, trouble.error) == ([people[1].pk], str(UNKNOWN))
        assert trouble.told_at

    def test_forgets_what_is_due_no_more(self, people):
        with pytest.raises(Noted):
            self.work_off(lambda pk: 1 / 0)
        User.objects.update(last_name="")

        assert self.work_off(lambda pk: True) == 0
        assert not Trouble.objects.exists()

    def test_a_row_waits_though_nobody_can_say_what_failed(self, people):
        due = User.objects.filter(last_name="Due")

        with pytest.raises(Noted):
            work_off("people", due, lambda pk: 1 / 0, lambda pk, error: 1 / 0)

        assert {trouble.error for trouble in Trouble.objects.all()} == {str(UNKNOWN)}
        assert not Trouble.objects.ripe().exists()
