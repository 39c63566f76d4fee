from threading import Thread

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied, ValidationError
from django.dispatch import Signal

from intranet.trace.rehearsal import rehearse
from intranet.trace.wiring import causes, connect, connected, counted, disconnect, uid
from intranet.vetoes import TakesTooLong, Veto

rang = Signal()


@pytest.fixture
def wire():
    """Return what connects a receiver to `rang` until the test is over."""
    wired = []

    def connect_for_now(receiver, **kwargs):
        connect(rang, receiver, **kwargs)
        wired.append(receiver)
        return counted(receiver)

    yield connect_for_now
    for receiver in wired:
        disconnect(rang, receiver)


def note_causes(**kwargs):
    return causes()


class TestCounted:
    def test_is_the_cause_while_it_runs(self, wire):
        def outer(**kwargs):
            return note_causes()

        wire(outer)

        assert rang.send(None)[0][1] == ("intranet.outer",)
        assert causes() == ()

    def test_names_the_innermost_cause_first(self, wire):
        inner = wire(note_causes)

        def outer(**kwargs):
            return inner(**kwargs)

        counted_outer = wire(outer)

        assert counted_outer() == ("intranet.note_causes", "intranet.outer")

    def test_counts_runs_and_the_time_they_took(self, wire):
        it = wire(lambda **kwargs: None)

        rang.send(None)
        rang.send(None)

        assert it.runs == 2
        assert 0 < it.seconds < 1

    def test_loses_no_run_of_another_thread(self, wire):
        it = wire(lambda **kwargs: None)

        threads = [Thread(target=lambda: [it() for _ in range(2000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert it.runs == 8000

    def test_counts_a_failure_and_keeps_its_words(self, wire):
        def fail(**kwargs):
            raise LookupError("nobody there")

        it = wire(fail)
        with pytest.raises(LookupError):
            rang.send(None)

        assert (it.runs, it.failures) == (1, 1)
        assert it.error == "LookupError: nobody there"
        assert causes() == ()

    @pytest.mark.django_db
    def test_counts_no_run_that_is_rehearsed(self, wire):
        it = wire(lambda **kwargs: None)

        rehearse(lambda: rang.send(None))

        assert it.numbers() == (0, 0, 0)

    @pytest.mark.django_db
    def test_counts_a_failure_in_a_rehearsal(self, wire):
        def fail(**kwargs):
            raise LookupError

        it = wire(fail)
        with pytest.raises(LookupError):
            rehearse(lambda: rang.send(None))

        assert (it.runs, it.failures) == (1, 1)

    @pytest.mark.parametrize("refusal", [Veto, TakesTooLong, PermissionDenied, ValidationError])
    def test_counts_a_refusal_as_no_failure(self, wire, refusal):
        def refuse(**kwargs):
            raise refusal("no")

        it = wire(refuse)
        with pytest.raises(refusal):
            rang.send(None)

        assert (it.runs, it.failures) == (1, 0)

    def test_awaits_a_coroutine_and_is_its_cause(self, wire):
        async def note_causes_later(**kwargs):
            return causes()

        it = wire(note_causes_later)

        assert rang.send(None)[0][1] == ("intranet.note_causes_later",)
        assert async_to_sync(rang.asend)(None)[0][1] == ("intranet.note_causes_later",)
        assert it.runs == 2


class TestConnect:
    def test_twice_connects_once(self, wire):
        wire(note_causes)
        wire(note_causes)

        assert len(rang.send(None)) == 1

    def test_refuses_another_function_of_the_same_name(self, wire):
        wire(note_causes)
        namesake = type(note_causes)(note_causes.__code__, {}, "note_causes")
        namesake.__module__ = "intranet.elsewhere"

        with pytest.raises(
            ValueError, match=r"note_causes is connected already, from intranet\.te"
        ):
            wire(namesake)

    def test_takes_a_function_of_the_name_of_one_that_was_disconnected(self, wire):
        def ring(**kwargs):
            return 1

        first = ring
        wire(first)
        disconnect(rang, first)

        def ring(**kwargs):
            return 2

        wire(ring)

        assert [answer for _, answer in rang.send(None)] == [2]
        assert uid(first) == uid(ring)


class TestDisconnect:
    def test_takes_a_receiver_off_the_signal_and_the_list(self, wire):
        wire(note_causes)

        disconnect(rang, note_causes)

        assert rang.send(None) == []
        assert (rang, note_causes) not in connected()
