"""Several people in the admin at the same moment, each in a process of their own."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TAKEN = re.compile("with this e-mail address exists already|with that username already exists")


@pytest.fixture
def run(tmp_path, migrated):
    """Return a function that runs a race of racing.py: in a file with SQLite, else here."""
    url = f"sqlite:///{shutil.copy(migrated, tmp_path)}"
    if connection.vendor != "sqlite":
        facts = connection.settings_dict
        url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**facts)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SECRET_KEY"},
        "DJANGO_SETTINGS_MODULE": "intranet.settings",
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(tmp_path / "media"),
    }

    def run(name):
        done = subprocess.run(
            [sys.executable, "-m", "staff.tests.racing", name],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr

    return run


class TestTwoSuperusersTakingEachOtherAway:
    @pytest.mark.parametrize(
        "way",
        [
            "demoting",
            "deactivating",
            "deactivating_in_bulk",
            "deleting",
            "deleting_in_bulk",
            "leaving",
        ],
    )
    def test_one_stays_and_nothing_breaks(self, run, way):
        rounds, log = run(way)

        assert [left for left, _ in rounds] == [1] * len(rounds), rounds
        statuses = [sorted(status for status, _ in answers) for _, answers in rounds]
        assert all(it in ([302, 302], [200, 302]) for it in statuses), log


class TestLettingTheSamePersonGo:
    def test_it_happens_and_is_told_once(self, run):
        rounds, log = run("leaving_twice")

        assert [told for told, _ in rounds] == [1] * len(rounds), rounds
        statuses = [sorted(status for status, _ in answers) for _, answers in rounds]
        assert statuses == [[200, 302]] * len(rounds), log


class TestAddingTheSamePerson:
    def test_one_address_in_four_spellings_is_one_person_and_three_errors(self, run):
        rounds, log = run("adding_one_address")

        assert [added for added, _ in rounds] == [1] * len(rounds), rounds
        for _, answers in rounds:
            assert sorted(status for status, _ in answers) == [200, 200, 200, 302], log
            assert all(TAKEN.search(told) for status, told in answers if status == 200), answers

    def test_one_user_name_for_four_people_breaks_nothing(self, run):
        rounds, log = run("adding_one_user_name")

        for added, answers in rounds:
            statuses = [status for status, _ in answers]
            assert set(statuses) <= {200, 302} and len(statuses) == 4, log
            assert added == statuses.count(302)


class TestSendingOneFormTwice:
    def test_adds_once_and_answers_both_alike(self, run):
        rounds, log = run("double_clicking")

        for added, answers in rounds:
            assert added == 1
            assert [status for status, _ in answers] == [302, 302], log
            told = {cookie.split(":")[1] for _, cookie in answers}  # without when it was signed
            assert len(told) == 1

    def test_asks_once_about_many_rows(self, run):
        rounds, log = run("asking_twice")

        for pieces, answers in rounds:
            assert pieces == 1, log
            assert [status for status, _ in answers] == [302, 302], log


class TestEditingTheSamePerson:
    def test_everybody_saves_what_they_changed(self, run):
        rounds, log = run("editing_different_things")

        for stored, answers in rounds:
            assert [status for status, _ in answers] == [302] * 4, log
            assert stored == ["Iva", "Agate", "12", False, ["User"]]

    def test_of_two_who_change_the_same_one_is_asked(self, run):
        rounds, log = run("editing_the_same")

        for stored, answers in rounds:
            assert sorted(status for status, _ in answers) == [200, 302], log
            (told,) = [told for status, told in answers if status == 200]
            assert f"changed this to “{stored[0]}”" in told


@pytest.mark.skipif(connection.vendor != "sqlite", reason="others write anyway")
class TestAsking:
    @pytest.mark.parametrize(
        ("question", "says"),
        [
            ("previewing_an_import", "5,000 people created"),
            ("asking_to_delete_everybody", "5,000 people deleted"),
        ],
    )
    def test_keeps_nobody_from_writing(self, run, question, says):
        (longest, said), log = run(question)

        assert said == says, log
        assert longest < 1
