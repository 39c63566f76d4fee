"""The tables of `--bench` and `--stress`: one process after the other, nothing beside it."""

import json

from django.db import connection

from .launch import python
from .stress import GRACE
from .table import has_s3, line

NOT_APPLICABLE = "n/a"


def bench(rows: int, engines, progress) -> str:
    """Return the costs of the engines as Markdown, for lists of `rows` rows."""
    few, some = max(rows // 200, 1), max(rows // 10, 1)
    costs = {engine: {} for engine in engines}
    jobs = [
        (engine, measure, count)
        for measure, count in (
            ("listing", rows),
            ("saving", few),
            ("deleting", some),
            ("sweeping", rows),
            ("requesting", few),
        )
        for engine in engines
        if applies(engine, measure)
    ]
    progress.total += len(jobs)
    for engine, measure, count in jobs:
        answer = ask("bench", measure, count, engine=engine, remote=measure == "requesting")
        costs[engine][measure] = answer
        progress.update()
    wanted = [
        (f"list {rows:,} rows, to no engine", "listing", ratio, "1.1"),
        (f"save {few:,} rows that have a file, to no engine", "saving", ratio, ""),
        (f"delete {some:,} rows with files, to raw SQL and unlink", "deleting", total, "8"),
        ("the same, inside the request", "deleting", request, "5"),
        (f"sweep {rows:,} files, to os.walk and one query", "sweeping", ratio, "5"),
        (f"requests to remove {few:,} objects from S3", "requesting", str, "2"),
    ]
    lines = [line("cost", *engines, "at most"), line(*["---"] * (len(engines) + 2))]
    for title, measure, show, bar in wanted:
        cells = [costs[engine].get(measure) for engine in engines]
        shown = [NOT_APPLICABLE if cell is None else show(cell) for cell in cells]
        lines.append(line(title, *shown, bar))
    return "\n".join(lines)


def applies(engine, measure) -> bool:
    if measure == "sweeping":
        return engine == "receiver"
    return measure != "requesting" or (engine != "naive" and has_s3())


def ratio(cost) -> str:
    return f"{cost:.1f}"


def request(cost) -> str:
    return ratio(cost[0])


def total(cost) -> str:
    return ratio(cost[1])


def stress(seconds: float, engines, progress) -> str:
    """Return what each engine lost and left after random changes, as Markdown."""
    grace = GRACE if connection.vendor == "postgresql" else 0
    columns = ("changes", "kill -9", "LOST", "leak", "error")
    lines = [line(f"{seconds:g} s of stress", *columns), line(*["---"] * (len(columns) + 1))]
    progress.total += len(engines)
    for engine in engines:
        answer = ask("stress", seconds, engine=engine, FILE_REMOVAL_GRACE=str(grace))
        counts = [answer["changes"], answer["kills"], len(answer["lost"]), len(answer["leaked"])]
        lines.append(line(engine, *counts, answer["errors"]))
        progress.update()
    return "\n".join(lines)


def ask(module, *arguments, **options):
    """Run a module of the comparison in a process of its own and return what it prints."""
    with python(module, *arguments, **options) as process:
        answer = process.stdout.read()
        if process.wait():
            raise RuntimeError(f"{module} {arguments} ended with status {process.returncode}.")
    return json.loads(answer)
