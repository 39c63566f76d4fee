"""Fixtures that several modules share; one of the same name in a module or a class wins."""

import pytest

from intranet.tests.pages import sign_in
from staff.signals import staff_joined, staff_left
from staff.tests.factories import make_department, make_holder, make_superuser, make_user


@pytest.fixture
def root(client):
    root = make_superuser(first_name="Rita", last_name="Root")
    client.force_login(root)
    return root


@pytest.fixture
def ann(root):
    return make_user("ann", first_name="Ann", last_name="Berg", roles=["HR"])


@pytest.fixture
def other(root):
    """Another superuser, at the site at the same time, in a browser of their own."""
    return sign_in(make_superuser("otto", first_name="Otto", last_name="Other"))


@pytest.fixture
def ada():
    return make_user("ada", first_name="Ada", department=make_department("Lab", groups=["Readers"]))


@pytest.fixture
def heard():
    """Collect what `staff_joined` and `staff_left` say."""
    calls = []

    def joined(user, returned, **kwargs):
        calls.append(("joined", user.username, returned))

    def left(user, **kwargs):
        calls.append(("left", user.username, user.is_active))

    staff_joined.connect(joined)
    staff_left.connect(left)
    yield calls
    staff_joined.disconnect(joined)
    staff_left.disconnect(left)


@pytest.fixture
def hr(client):
    hr = make_user("hazel", roles=["HR"])
    client.force_login(hr)
    return hr


@pytest.fixture
def signed_in(client):
    """Return a function that creates and signs in a holder of the given permissions."""

    def sign_in(*codes, **fields):
        user = make_holder(*codes, **fields)
        client.force_login(user)
        return user

    return sign_in
