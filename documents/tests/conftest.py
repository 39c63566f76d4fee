"""Fixtures that several modules share; one of the same name in a module or a class wins."""

import shutil
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import override_settings

from documents.tests.copies import fill, run
from documents.tests.factories import make_document
from intranet.files.marker import tie
from intranet.files.models import FileRemoval
from intranet.outbox.models import Mail
from staff.models import User
from staff.tests.factories import make_user


@pytest.fixture
def paper():
    return make_document(make_user())


@pytest.fixture
def tied(db):
    tie(default_storage)


@pytest.fixture(scope="session")
def made(django_db_setup, django_db_blocker, tmp_path_factory):
    """A copy of the filled site, made once; the site is empty afterwards."""
    folder = tmp_path_factory.mktemp("made")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=str(folder / "media")):
        fill()
        call_command("backup", str(folder / "copy"), verbosity=0)
        for model in (User, Mail, FileRemoval):
            model.objects.all().delete()
    return folder / "copy"


@pytest.fixture
def whole(made, tmp_path):
    """A copy to play with."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture
def restore(capsys):
    return lambda directory, *options: run(capsys, "restore", directory, *options)


@pytest.fixture
def hr(client):
    """A browser in which HR is signed in."""
    client.force_login(make_user("hr", roles=["HR"]))
    return client


@pytest.fixture
def editor(client):
    user = make_user("ed", roles=["Editors"], first_name="Ed", last_name="Itor")
    client.force_login(user)
    return user
