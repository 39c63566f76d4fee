from itertools import count

import pytest
from django.utils.translation import override

from intranet import numbers
from intranet.numbers import newest_action, recent
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def slow(monkeypatch):
    """Return what counts 1, 2, 3 and so on, as if that took long."""
    monkeypatch.setattr(numbers, "LONG", -1)
    monkeypatch.setattr(numbers, "_known", {})
    number = count(1)
    return lambda user: next(number)


@pytest.fixture
def root():
    return make_superuser()


def test_what_is_counted_fast_is_counted_each_time(slow, root, monkeypatch):
    monkeypatch.setattr(numbers, "LONG", 60)

    assert [recent("posts", None, root, slow) for _ in range(2)] == [1, 2]


def test_what_takes_long_is_counted_once(slow, root):
    assert [recent("posts", None, root, slow) for _ in range(2)] == [1, 1]


def test_whatever_somebody_does_has_it_counted_anew(slow, root):
    recent("posts", newest_action(), root, slow)
    make_superuser("other")

    assert recent("posts", newest_action(), root, slow) == 2


def test_it_is_counted_anew_after_a_minute_and_what_is_old_forgotten(slow, root, monkeypatch):
    recent("papers", None, root, slow)
    monkeypatch.setattr(numbers, "KEPT", 0)

    assert [recent("posts", None, root, slow) for _ in range(2)] == [2, 3]
    assert len(numbers._known) == 1


def test_each_number_person_and_language_is_counted_by_itself(slow, root):
    recent("posts", None, root, slow)

    assert recent("papers", None, root, slow) == 2
    assert recent("posts", None, make_superuser("other"), slow) == 3
    with override("fr"):
        assert recent("posts", None, root, slow) == 4


def test_other_rights_see_no_old_number(slow):
    hr = make_user("hr", roles=["HR"])
    recent("papers", None, hr, slow)
    hr.groups.clear()

    hr = type(hr).objects.get(pk=hr.pk)
    assert recent("papers", None, hr, slow) == 2
