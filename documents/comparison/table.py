"""The table of scenarios by engine, and how it comes about."""

import json
import os
from collections import Counter, namedtuple
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

from .launch import python

ENGINES = ["naive", "django-cleanup", "receiver"]
OUTCOMES = ["ok", "LOST", "leak", "error"]
GROUPS = {
    "deleting": "Deleting",
    "saving": "Uploading, replacing, clearing",
    "sharing": "Files that several rows name",
    "kinds": "Kinds of models and fields",
    "faults": "Power cuts, full disks, other people's code",
    "forms": "In the admin",
    "remote": "Files on S3",
}

Row = namedtuple("Row", "group description results")  # results: engine -> result of the runner


def has_s3() -> bool:
    return bool(find_spec("storages") and find_spec("boto3") and find_spec("moto"))


def compare(engines, progress) -> list[Row]:
    """Run every scenario on every engine, as many processes at a time as there are cores."""
    jobs = [(engine, remote) for remote in (False, True)[: 1 + has_s3()] for engine in engines]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda job: run(*job, progress), jobs))
    rows = {}
    for (engine, _), results in zip(jobs, done, strict=True):
        for result in results:
            row = Row(result["group"], result["description"], {})
            rows.setdefault(result["name"], row).results[engine] = result
    return list(rows.values())


def run(engine, remote, progress) -> list[dict]:
    """Run the scenarios of one storage on one engine and return what the runner prints."""
    with python("runner", engine=engine, remote=remote) as process:
        progress.total += json.loads(process.stdout.readline() or "0")
        results = []
        for line in process.stdout:
            results.append(json.loads(line))
            progress.update()
        if process.wait():
            raise RuntimeError(f"The scenarios on {engine} ended with status {process.returncode}.")
    return results


def totals(rows, engine) -> Counter:
    return Counter(row.results[engine]["result"] for row in rows)


def swept(rows, engine) -> int:
    results = [row.results[engine] for row in rows]
    return sum(result["swept"] for result in results if result["result"] == "ok")


def markdown(rows, engines) -> str:
    """Return the table as Markdown."""
    lines = [line("scenario", *engines), line(*["---"] * (len(engines) + 1))]
    for group, title in GROUPS.items():
        members = [row for row in rows if row.group == group]
        if members:
            lines.append(line(f"**{title}**", *[""] * len(engines)))
        lines += [
            line(row.description, *(row.results[engine]["result"] for engine in engines))
            for row in members
        ]
    return "\n".join([*lines, *summary(rows, engines)])


def kinds(rows, engines) -> str:
    """Return the table as Markdown with a line for each kind of scenario."""
    lines = [line("kind", "scenarios", *engines), line(*["---"] * (len(engines) + 2))]
    for group, title in GROUPS.items():
        members = [row for row in rows if row.group == group]
        counts = [totals(members, engine) for engine in engines]
        cells = [
            ", ".join(f"{count[outcome]} {outcome}" for outcome in OUTCOMES if count[outcome])
            for count in counts
        ]
        lines.append(line(title, len(members), *cells))
    return "\n".join(lines)


def summary(rows, engines) -> list[str]:
    counts = [totals(rows, engine) for engine in engines]
    lines = [
        line(f"**{outcome}, of {len(rows)}**", *(f"**{count[outcome]}**" for count in counts))
        for outcome in OUTCOMES
    ]
    cleared = (swept(rows, engine) or "" for engine in engines)
    return [*lines, line("of the ok ones, only after `sweep_files --remove`", *cleared)]


def plain(text: str) -> str:
    """Return a Markdown table as columns for a terminal."""
    rows = [
        [cell.strip() for cell in line.replace("**", "").split("|")[1:-1]]
        for line in text.splitlines()
        if "---" not in line
    ]
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        "  ".join([f"{first:<{width}}", *(f"{cell:<14}" for cell in rest)]).rstrip()
        for first, *rest in rows
    )


def line(*cells) -> str:
    return f"| {' | '.join(map(str, cells))} |"
