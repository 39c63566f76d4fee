import os
import sys
from subprocess import run

import pytest
from django.conf import settings


@pytest.mark.slow
class TestBenchPeople:
    def test_compares_and_leaves_the_site_alone(self, tmp_path):
        site = tmp_path / "site.sqlite3"
        environment = os.environ | {"DATABASE_URL": f"sqlite:///{site}"}
        command = [sys.executable, "manage.py", "bench_people", "--rows", "12"]

        answer = run(
            command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
        )

        assert answer.returncode == 0, answer.stderr
        rows = [line.split("|")[1:-1] for line in answer.stdout.splitlines()[2:]]
        queries = {way.strip(): float(queries) for way, _, _, queries in rows}
        assert queries["import: accounts, profiles, groups"] == pytest.approx(5)
        assert queries["import: again, nothing changed"] == 0
        assert not site.exists()
