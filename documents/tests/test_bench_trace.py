import re
from io import StringIO

from django.core.management import call_command

from documents.management.commands import bench_trace
from intranet.trace.wiring import Counted


def test_says_what_a_counted_call_costs(monkeypatch):
    monkeypatch.setattr(bench_trace, "CALLS", 100)
    known = dict(Counted.by_uid)
    output = StringIO()

    call_command("bench_trace", stdout=output)

    assert re.search(
        r"^A counted call of a receiver.+ [\d.]+ µs \(at most 2\)$", output.getvalue(), re.M
    )
    assert Counted.by_uid == known
