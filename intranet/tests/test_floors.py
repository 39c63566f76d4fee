"""The floors: a file names, in code and in strings, nothing of a floor above its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ABOVE = {"intranet": settings.FLOORS, settings.FLOORS[0]: settings.FLOORS[1:]}
SUFFIXES = {".py", ".html", ".txt", ".js", ".css"}
KEPT_TABLE = re.compile(r'db_table = "\w+"')  # tables keep their names when models move


def sources(floor):
    """Return the files of a floor but its tests, its migrations and the settings."""
    root = Path(settings.BASE_DIR, floor)
    return [
        path
        for path in root.rglob("*.*")
        if path.suffix in SUFFIXES
        and not {"tests", "migrations"} & set(path.parts)
        and path != root / "settings.py"
    ]


def names(floors):
    """Return a pattern of what only `floors` have: the names of the apps and of their models."""
    labels = "|".join(floors)
    models = "|".join(
        model.__name__ for floor in floors for model in apps.get_app_config(floor).get_models()
    )
    return re.compile(rf"(?<![A-Za-z_])(?:{labels}|{models})(?![A-Za-z])")


def mentions(text, floors):
    return names(floors).findall(KEPT_TABLE.sub("", text))


class TestFloors:
    @pytest.mark.parametrize(("floor", "above"), ABOVE.items())
    def test_mention_none_above(self, floor, above):
        found = {
            str(path.relative_to(settings.BASE_DIR)): words
            for path in sources(floor)
            if (words := mentions(path.read_text(), above))
        }

        assert found == {}

    @pytest.mark.parametrize(
        "text",
        [
            "from staff.models import User",
            '("Papers", "documents.Document")',
            'reverse("admin:staff_user_changelist")',
            'include "staff/list.html"',
            "for a Profile that",
        ],
    )
    def test_are_mentioned_by_name_of_app_or_model(self, text):
        assert mentions(text, settings.FLOORS)

    @pytest.mark.parametrize(
        "text",
        [
            'request.method == "POST"',
            "user.is_staff",
            "document.body",
            "PostgreSQL",
            'method="post"',
        ],
    )
    def test_are_not_mentioned_by_words_that_look_alike(self, text):
        assert not mentions(text, settings.FLOORS)


def test_demo_and_comparison_are_imported_by_their_commands_alone():
    code = (
        "import django, sys; django.setup(); import intranet.urls;"
        "print({'staff.demo', 'documents.demo', 'documents.comparison', 'fpdf'} & set(sys.modules))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True
    )

    assert shown.stdout == "set()\n", shown.stderr
