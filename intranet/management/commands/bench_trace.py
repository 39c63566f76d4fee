from collections.abc import Callable
from time import perf_counter

from django.core.management.base import BaseCommand

from intranet.trace.wiring import Counted

CALLS, REPETITIONS = 10_000, 50  # short ones, so that some are left alone by other processes


def counted_call() -> str:
    """A counted call of a receiver, more than a plain one."""

    def receiver(sender, **kwargs):
        pass

    known = Counted(receiver)
    plain, counted = (fastest(lambda call=it: call_often(call)) for it in (receiver, known))
    return f"{(counted - plain) / CALLS * 1e6:.2f} µs (at most 2)"


def call_often(call: Callable) -> None:
    for _ in range(CALLS):
        call(sender=None)


def fastest(do: Callable[[], None]) -> float:
    """Return the seconds that `do` takes when nothing else takes the processor."""
    times = []
    for _ in range(REPETITIONS):
        start = perf_counter()
        do()
        times.append(perf_counter() - start)
    return min(times)


MEASUREMENTS = [counted_call]  # each says in its docstring what it measures, and returns the answer


class Command(BaseCommand):
    """Says what it costs that nothing is hidden, on this machine."""

    help = "Measures what counting, history and rehearsals cost, and prints it as a table."

    def handle(self, **options):
        for measure in MEASUREMENTS:
            self.stdout.write(f"{measure.__doc__.rstrip('.'):60} {measure()}")
