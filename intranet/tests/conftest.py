"""Fixtures that several modules share; one of the same name in a module or a class wins."""

import pytest

from staff.tests.factories import make_superuser, make_user


@pytest.fixture
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root


@pytest.fixture
def few_are_many(monkeypatch):
    """Have more than two rows taken for so many that a worker goes through them."""
    monkeypatch.setattr("intranet.admin.bulk.LONG", 2)


@pytest.fixture
def people(root):
    return [make_user(name, is_staff=False) for name in ("ada", "bob", "cleo")]
