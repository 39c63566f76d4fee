"""The comparison itself: what each engine does in every scenario."""

import pytest
from tqdm import tqdm

from documents.comparison import table


@pytest.fixture(scope="module")
def rows():
    return table.compare(["naive", "django-cleanup"], tqdm(total=0, disable=True))


class TestTable:
    def test_known_engines_lose_files(self, rows):
        lost = [table.totals(rows, engine)["LOST"] for engine in ("naive", "django-cleanup")]

        assert min(lost) > 20

    def test_every_engine_is_told_apart(self, rows):
        text = table.markdown(rows, ["naive", "django-cleanup"])

        assert "| delete, rolled back | LOST | ok |" in text
        assert "| upload, rolled back | leak | leak |" in text
        assert '| .defer("file"), assign, save | ok | error |' in text
