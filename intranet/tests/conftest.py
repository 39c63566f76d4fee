"""Fixtures that several modules share; one of the same name in a module or a class wins."""

import pytest

from staff.tests.factories import make_superuser


@pytest.fixture
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root
