"""Run all scenarios on one engine: `python -m documents.comparison.runner`.

Every scenario gets a process of its own with an empty database and empty folders. Prints their
number, then a line of JSON for each: its name, what came of it, and details for the curious.
"""

import json
import os
import shutil
import sys
import traceback
from pathlib import Path

import django

TIMEOUT = 120  # seconds for one scenario


def main(names):
    django.setup()
    from django.conf import settings

    from . import databases
    from .scenarios import SCENARIOS

    names = [
        name
        for name, scenario in SCENARIOS.items()
        if (scenario.group == "remote") == settings.REMOTE and (not names or name in names)
    ]
    print(len(names), flush=True)  # noqa: T201
    databases.create()
    try:
        for name in names:
            group, description, _ = SCENARIOS[name]
            result = {"name": name, "group": group, "description": description, **run(name)}
            print(json.dumps(result), flush=True)  # noqa: T201
    finally:
        databases.drop()


def run(name) -> dict:
    """Run a scenario in a forked process and return its result."""
    readable, writable = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(readable)
        with os.fdopen(writable, "w") as answer:
            answer.write(attempt(lambda: json.dump(judge(name), answer)))
            answer.flush()
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    if text.startswith("{"):
        return json.loads(text)
    return {"result": "error", "detail": text or "The process died.", "swept": False}


def judge(name) -> dict:
    """Run a scenario in this process; "swept" tells that only the sweep found a file."""
    import signal

    from django.conf import settings

    from . import databases, verdict
    from .scenarios import SCENARIOS, remote

    signal.alarm(TIMEOUT)
    sys.stderr = Path(settings.SCRATCH, "log").open("a")  # noqa: SIM115
    for folder in ("media", "archive"):
        shutil.rmtree(Path(settings.SCRATCH, folder), ignore_errors=True)
    databases.empty()
    if settings.REMOTE:
        remote.start()
    verdict.prepare_stores()
    error = attempt(SCENARIOS[name].run)
    verdict.housekeeping(sweep=False)
    before = verdict.inspect()
    verdict.housekeeping(sweep=True)
    after = verdict.inspect()
    result = "LOST" if after.lost else "error" if error else "leak" if after.leaked else "ok"
    detail = error or " ".join(sorted(after.lost or after.leaked))
    return {"result": result, "detail": detail[:2000], "swept": before != after}


def attempt(step) -> str:
    try:
        step()
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])
