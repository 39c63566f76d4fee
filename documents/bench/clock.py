"""Processor time of this process and its database session, of several ways in turn."""

import gc
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

from django.db import connection

DEEPER = 16  # frames
rounds = 3  # how often the ways take turns; a single round is not warmed up, either


@dataclass
class Line:
    """One row of the table: what was measured, beside what, and what the bar is."""

    work: str
    here: object
    peers: str = ""
    at_most: object = ""

    def __str__(self):
        shown = (f"{it:.2f}" if isinstance(it, float) else str(it) for it in vars(self).values())
        return f"| {' | '.join(shown)} |"


@dataclass
class Way:
    """One way to do the work, done within `there` after `prepare`, which is not measured."""

    do: Callable
    there: Callable[[], AbstractContextManager] = nullcontext
    prepare: Callable = lambda: None


def spent() -> float:
    """Return the processor seconds so far; of PostgreSQL those of the session's server process."""
    return process_time() + (of_server() if connection.vendor == "postgresql" else 0)


def of_server() -> float:
    connection.ensure_connection()
    told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(told.read_text().split()[0]) / 1e9 if told.exists() else 0


def seconds(do: Callable, depth: int = 0) -> float:
    gc.collect()
    start = spent()
    deeper(do, depth)
    return spent() - start


def deeper(do: Callable, frames: int) -> None:
    """Call `do()` from that many frames further down.

    Python keeps frames in pieces of 16 kB and gives an empty one back to the system at once: a call
    made again and again just where a piece ends costs a page fault each time, at some depths.
    """
    if frames:
        deeper(do, frames - 1)
    else:
        do()


def medians(ways: Mapping[object, Way], calls: int = 2, warm: bool = True) -> dict:
    """Return the seconds of each way; they take turns, so that a busy machine hits all alike.

    Each call begins deeper in the stack than the one before.
    """
    times: dict[object, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            with way.there():
                if warm and rounds > 1:
                    way.do()
                for _ in range(calls if rounds > 1 else 1):
                    way.prepare()
                    times[name].append(seconds(way.do, DEEPER * len(times[name])))
    return {name: median(taken) for name, taken in times.items()}
