"""The comparison: what each engine does in every scenario, asserted as a whole.

The expected table is docs/file-cleanup-scenarios.md. Where an upgrade changes it, look at what has
changed, then paste the output of `manage.py compare_cleanup --markdown`.
"""

import sys
from pathlib import Path
from subprocess import check_output

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from tqdm import tqdm

from documents.comparison import launch, measures, table

DOCS = Path(settings.BASE_DIR, "docs")


def block(page, name):
    """Return the lines of a generated part of a page."""
    _, _, rest = (DOCS / page).read_text().partition(f"<!-- {name} -->")
    return rest.partition(f"<!-- end {name} -->")[0].strip().splitlines()


def silent():
    return tqdm(total=0, disable=True)


@pytest.fixture(scope="module")
def rows():
    return table.compare(table.ENGINES, silent())


@pytest.mark.slow
@pytest.mark.xdist_group("comparison")
class TestScenarios:
    @pytest.mark.skipif(not table.has_s3(), reason="the page's table includes S3")
    def test_the_page_shows_what_every_engine_does(self, rows):
        expected = block("file-cleanup-scenarios.md", "comparison")

        assert table.markdown(rows, table.ENGINES).splitlines() == expected

    @pytest.mark.skipif(not table.has_s3(), reason="the page's table includes S3")
    def test_the_page_counts_them_by_kind(self, rows):
        expected = block("file-cleanup.md", "kinds")

        assert table.kinds(rows, table.ENGINES).splitlines() == expected

    def test_receiver_passes_all(self, rows):
        failed = {
            row.description: row.results["receiver"]
            for row in rows
            if row.results["receiver"]["result"] != "ok"
        }

        assert failed == {}

    def test_known_engines_are_told_apart(self, rows):
        results = {row.description: row.results for row in rows}

        rolled_back = results["delete, rolled back"]
        assert [rolled_back[engine]["result"] for engine in table.ENGINES] == ["LOST", "ok", "ok"]

    def test_terminal_gets_columns(self, rows):
        lines = table.plain(table.markdown(rows, table.ENGINES)).splitlines()

        assert lines[0].split() == ["scenario", *table.ENGINES]
        assert lines[2].split() == ["delete", "a", "row", "ok", "ok", "ok"]


@pytest.mark.slow
class TestMeasures:
    def stress(self, engine, seconds):
        """Return what a stress of `engine` printed: changes, kills, lost, leaks, errors."""
        line = measures.stress(seconds, [engine], silent()).splitlines()[-1]
        return [cell.strip() for cell in line.split("|")[2:-1]]

    def test_stress_leaves_the_receiver_whole(self):
        changes, _, *damage = self.stress("receiver", 4)

        assert int(changes) > 0
        assert damage == ["0", "0", "0"]

    def test_stress_breaks_the_naive_engine(self):
        """It is a matter of chance, so that a busy machine gets several tries."""
        assert any(int(self.stress("naive", 4)[2]) > 0 for _ in range(6))

    def test_bench_prints_every_cost(self):
        lines = measures.bench(1000, ["receiver"], silent()).splitlines()

        costs = [line.split("|")[2].strip() for line in lines[2:]]
        assert len(costs) == 6
        assert all(cost == "n/a" or float(cost) > 0 for cost in costs)
        assert costs[-1] in ("1", "n/a")


class TestCommand:
    def test_unknown_engine_is_refused(self):
        with pytest.raises(CommandError, match="Unknown engine: magic"):
            call_command("compare_cleanup", engines="naive,magic")

    def test_the_database_of_the_site_is_left_alone(self, tmp_path):
        name = launch.database_name(tmp_path)

        assert name != str(connection.settings_dict["NAME"])
        assert name == f"{tmp_path}/db.sqlite3" or name == tmp_path.name.replace("-", "_")

    def test_the_bucket_of_the_site_is_left_alone(self, monkeypatch, tmp_path):
        monkeypatch.setenv("MEDIA_STORAGE", "s3")
        monkeypatch.setenv("S3_BUCKET", "papers-of-the-site")
        monkeypatch.setenv("COMPARISON_SCRATCH", str(tmp_path))
        monkeypatch.setenv("COMPARISON_DATABASE", launch.database_name(tmp_path))

        code = "from documents.comparison.settings import *; print(STORAGES, MEDIA_ROOT, DATABASES)"
        answer = check_output([sys.executable, "-c", code], cwd=settings.BASE_DIR, text=True)

        assert "papers-of-the-site" not in answer
        assert "intranet.files.disk.DiskStorage" in answer
        assert f"{tmp_path}/media" in answer
        assert launch.database_name(tmp_path) in answer


class TestEvidence:
    def test_nothing_but_its_command_and_tests_imports_the_comparison(self):
        importing = {
            path.relative_to(settings.BASE_DIR).as_posix()
            for app in ("documents", "intranet", "staff")
            for path in Path(settings.BASE_DIR, app).rglob("*.py")
            if "comparison import" in path.read_text()
            or "import documents.comparison" in path.read_text()
        }

        assert {path for path in importing if "/tests/" not in path} == {
            "documents/management/commands/compare_cleanup.py"
        }
