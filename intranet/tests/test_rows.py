"""Rows of lists: light, and each cell says what kind of thing it holds."""

import gzip

import pytest

from intranet.templatetags.lists import lean
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(client):
    client.force_login(make_superuser())
    gardens = make_department("Gardens", groups=["Gardens team"])
    for number in range(50):
        name = {"first_name": f"Marigold {number}", "last_name": "Featherstonehaugh"}
        make_user(f"person.number.{number}", department=gardens, **name)
    return client


class TestTheListOfFifty:
    def test_is_light(self, people):
        page = people.get("/admin/staff/user/").content

        assert page.count(b'class="data-row"') == 50
        assert len(page) <= 250_000
        assert len(gzip.compress(page)) <= 20_000

    def test_repeats_no_classes_of_the_theme(self, people):
        page = people.get("/admin/staff/user/").content.decode()

        assert "before:content" not in page.split("<tbody>")[1].split("</tbody>")[0]

    def test_draws_no_charts(self, people):
        assert b"chart" not in people.get("/admin/staff/user/").content


class TestCells:
    @pytest.mark.parametrize(
        ("inside", "kind"),
        [("27 Nov 2026", "figure "), ("-", "blank "), ("", "blank "), ("Gardens", "")],
    )
    def test_say_what_they_hold(self, inside, kind):
        cell = f'<td class="field-day" data-label="Day">{inside}</td>'

        assert lean(cell) == f'<td class="{kind}field-day" data-label="Day">{inside}</td>'

    def test_with_something_to_fill_in_are_not_empty(self):
        cell = '<td class="field-day"><input name="day"></td>'

        assert lean(cell) == cell
