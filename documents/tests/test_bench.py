import os
import sys
from subprocess import run

import pytest
from django.conf import settings


def bench(tmp_path, *options):
    """Run the command beside an empty site; return its table by the name of the work."""
    site = tmp_path / "site.sqlite3"
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{site}"}
    small = ["--few", "60", "--rows", "120", "--rounds", "1"]
    command = [sys.executable, "manage.py", "bench", *small, *options]
    answer = run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert not site.exists()
    rows = [line.strip("|").split("|") for line in answer.stdout.splitlines()[2:]]
    return {work.strip(): (float(here), *others) for work, here, *others in rows}


@pytest.mark.slow
class TestBench:
    def test_compares_each_list_and_leaves_the_site_alone(self, tmp_path):
        table = bench(tmp_path, "--only", "lists", "first", "person")

        assert all(here > 0 for here, *_ in table.values())
        for name in ("people", "papers", "mails", "actions"):
            assert "Unfold" in table[f"{name}, first page: 120 / 60"][1]
        assert "people, filter department: 120 / 60" in table
        assert "dashboard: 120 / 60" in table
        assert "a person's page, for HR: 120 / 60" in table
        assert 0 < table["a person's page, queries for HR"][0] <= 15

    def test_compares_people_mail_and_history(self, tmp_path):
        table = bench(tmp_path, "--only", "people", "mails", "idle", "trace")

        for name, bar in {
            "create_user, to raw inserts": 100,
            "import 300 new people, to raw SQL": 2000,
            "a link behind 300 invitations and a post to as many, seconds": 60,
            "an idle worker, queries a minute": 6000,
            "the page before deleting, to stock": 100,
        }.items():
            assert 0 < table[name][0] < bar

    def test_sets_an_idle_worker_no_bar_for_two_seconds(self, tmp_path):
        table = bench(tmp_path, "--only", "idle")

        assert [bar.strip() for *_, bar in table.values()] == ["", ""]
