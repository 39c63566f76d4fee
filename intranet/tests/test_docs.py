"""What the pages for readers say is held to what is there."""

import ast
import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.db.models.signals import post_save

from intranet.tables.models import CONFIRM_WITHIN
from intranet.tests import architecture
from intranet.trace.signal_map import rows
from intranet.trace.wiring import connect
from staff.models import User
from staff.receivers import create_profile

ROOT = Path(settings.BASE_DIR)
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
}
LINKS = [
    (page, link)
    for page, text in PAGES.items()
    for link in re.findall(r"\]\(([^)\s]+)\)", text)
    if "://" not in link
]
NAMED = [
    (page, name, path)
    for page, text in PAGES.items()
    for name, path in re.findall(r"\[`([\w.]+)`\]\(([^)]+\.py)\)", text)
]


def section(page, title):
    """Return the text below a heading, up to the next one."""
    return PAGES[page].split(f"\n## {title}\n")[1].split("\n## ")[0]


def column(text, number):
    """Return the names in a column of a table; a cell may have several."""
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return re.findall(r"`([^`]+)`", " ".join(row[number] for row in rows[2:]))


def anchors(text):
    """Return what a link to a heading may name."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


class TestPages:
    @pytest.mark.parametrize(("page", "link"), LINKS)
    def test_link_to_what_is_there(self, page, link):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page

        assert target.exists()
        assert not anchor or anchor in anchors(target.read_text())

    @pytest.mark.parametrize("page", PAGES)
    def test_name_make_targets_that_exist(self, page):
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

        assert set(re.findall(r"`make ([a-z]+)", PAGES[page])) <= set(targets)

    @pytest.mark.parametrize("page", PAGES)
    def test_show_code_that_can_be_imported(self, page):
        for code in re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL):
            for node in ast.walk(ast.parse(dedent(code))):
                if isinstance(node, ast.ImportFrom) and not node.level:
                    module = import_module(node.module)
                    assert all(hasattr(module, alias.name) for alias in node.names)

    @pytest.mark.parametrize(("page", "name", "path"), NAMED)
    def test_name_functions_where_they_are(self, page, name, path):
        file = (ROOT / page).parent / path
        nodes = list(ast.walk(ast.parse(file.read_text())))
        defined = {node.name for node in nodes if hasattr(node, "name")}
        defined |= {node.id for node in nodes if isinstance(node, ast.Name)}

        assert name in defined | {file.name, file.stem}


class TestReadme:
    def test_commands_exist(self):
        named = column(section("README.md", "Commands"), 0)

        assert named
        assert set(named) <= set(get_commands())

    def test_what_happens_by_itself_is_done_by_connected_receivers(self):
        named = column(section("README.md", "What happens by itself"), 2)

        assert named
        assert set(named) <= {row.receiver for row in rows()}

    def test_costs_are_those_that_were_measured(self):
        rows = section("README.md", "What removing files costs").split("---\n")[-1].split("\n")
        measured = [
            "".join(f"| {cell} " for cell in (cells[1], cells[3], cells[4])) + "|"
            for cells in (
                [cell.strip() for cell in line.split("|")]
                for line in PAGES["docs/file-cleanup.md"].split("\n")
                if line.count("|") == 6
            )
        ]

        assert {row for row in rows if row.startswith("| ")} <= set(measured)

    @pytest.mark.parametrize("image", re.findall(r"!\[.+?\]\((.+?)\)", PAGES["README.md"]))
    def test_pictures_are_there_and_small(self, image):
        assert 0 < (ROOT / image).stat().st_size < 150_000


class TestArchitecture:
    def test_drawing_shows_the_real_imports(self):
        shown = architecture.BLOCK.search(PAGES["docs/architecture.md"])[0]

        assert architecture.drawing() in shown, "run: python -m intranet.tests.architecture"


class TestTour:
    def test_names_the_core_and_its_lines(self):
        tour, total = PAGES["docs/tour.md"], 0
        for row in re.findall(r"^\| (`.+`) \| (\d+) \|$", tour, re.MULTILINE):
            folder, *files = re.findall(r"`([^`]+)`", row[0])
            lines = sum(len((ROOT / folder / it).read_text().splitlines()) for it in files)
            assert lines == pytest.approx(int(row[1]), rel=0.05)
            total += lines
        (said,) = re.findall(r"about ([\d,]+) lines", tour)
        assert total == pytest.approx(int(said.replace(",", "")), rel=0.02)


class TestSettings:
    def test_table_names_the_variables_that_are_read(self):
        source = (ROOT / "intranet" / "settings.py").read_text()
        read = set(re.findall(r"\benv(?:\.\w+)?\(\s*\"([A-Z0-9_]+)\"", source))

        assert sorted(column(PAGES["docs/settings.md"], 0)) == sorted(read)


class TestImport:
    def test_says_for_how_long_a_file_is_kept(self):
        assert timedelta(days=1) == CONFIRM_WITHIN
        assert "kept in the database for a day" in PAGES["docs/import.md"]


class TestSignals:
    @pytest.mark.django_db
    def test_only_the_call_that_the_page_shows_disconnects(self):
        (code,) = re.findall(
            r"```python\n(.+?)```", section("docs/signals.md", "To disconnect one"), re.S
        )
        (ada,) = User.objects.bulk_create([User(username="ada", email="ada@example.com")])
        assert not post_save.disconnect(create_profile, sender=User)
        exec(code)
        try:
            ada.save()
            assert not hasattr(ada, "profile")
            assert "create_profile" not in {row.receiver for row in rows()}
        finally:
            connect(post_save, create_profile, User)
