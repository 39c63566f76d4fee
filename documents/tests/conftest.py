"""Fixtures that several modules share; one of the same name in a module or a class wins."""

import pytest
from django.core.files.storage import default_storage

from documents.tests.factories import make_document
from intranet.files.marker import tie
from staff.tests.factories import make_user


@pytest.fixture
def paper():
    return make_document(make_user())


@pytest.fixture
def tied(db):
    tie(default_storage)
