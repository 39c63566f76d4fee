import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "README.md").read_text()


def section(title):
    """Return the text below a heading, up to the next one."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_column(text):
    """Return the names in the first column of a table; a row may have several."""
    cells = re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE)
    return re.findall(r"`([^`]+)`", " ".join(cells))


class TestReadme:
    def test_settings_table_names_the_variables_that_are_read(self):
        source = (ROOT / "intranet" / "settings.py").read_text()
        read = set(re.findall(r"\benv(?:\.\w+)?\(\s*\"([A-Z0-9_]+)\"", source))

        assert sorted(first_column(section("Settings"))) == sorted(read)

    def test_commands_exist(self):
        named = first_column(section("Layout"))

        assert named
        assert set(named) <= set(get_commands())

    @pytest.mark.parametrize("image", re.findall(r"!\[.+?\]\((.+?)\)", README))
    def test_pictures_are_there_and_small(self, image):
        assert 0 < (ROOT / image).stat().st_size < 150_000

    def test_make_targets_exist(self):
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

        assert set(re.findall(r"\bmake ([a-z]+)", README)) <= set(targets)
