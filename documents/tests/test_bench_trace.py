import pytest

from documents.management.commands import bench_trace
from intranet.trace import wiring
from intranet.trace.models import Change
from intranet.trace.wiring import Counted

pytestmark = pytest.mark.django_db(transaction=True)


def test_measures_everything_beside_what_it_is_compared_with(monkeypatch):
    monkeypatch.setattr(bench_trace, "CALLS", 100)
    monkeypatch.setattr(bench_trace, "ROUNDS", 1)
    known = dict(Counted.by_uid)

    answers = dict(bench_trace.measure(12))

    ratios = [float(answer.split()[0].replace(",", "")) for answer in answers.values()]
    assert len(ratios) == 6
    assert all(ratio > 0 for ratio in ratios)
    assert Counted.by_uid == known


def test_without_history_there_is_none():
    with bench_trace.without_history():
        bench_trace.create("unseen", 1)
        assert not Change.objects.filter(object_name="unseen0").exists()

    bench_trace.create("seen", 1)
    assert Change.objects.filter(object_name="seen0").exists()
    assert {it for _, it in wiring.connected()} >= set(bench_trace.RECORDERS)
