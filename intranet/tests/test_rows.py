"""Rows of lists: light, and each cell says what kind of thing it holds."""

import gzip
import re

import pytest
from unfold.templatetags import unfold_list

from intranet.templatetags.lists import badge, columns_of, kind_of, row_drawn
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def cells(row: str) -> list[tuple]:
    """Return tag, column, label and contents of each cell, which has one at least."""
    found = re.findall(
        r'<(t[dh]) class="[^"]*?(field-\w+|action-checkbox)[^"]*" data-label="(.*?)">(.*?)</t[dh]>',
        row,
        re.DOTALL,
    )
    assert found
    link = re.compile(f' class="{" ".join(unfold_list.LINK_CLASSES)}" ')
    return [(*it, link.sub("", text)) for *it, text in found]


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
        [
            ("27 Nov 2026", "figure "),
            ("<b>\n7</b>", "figure "),
            ("27 Nov 2026, 17:04", "figure "),
            ("12 papers", "figure "),
            ("20,000 people changed", ""),
            ("2 Personen gelöscht", ""),
            ("-", "blank "),
            ("", "blank "),
            ("Gardens", ""),
            ('<input name="day">', ""),
        ],
    )
    def test_say_what_they_hold(self, inside, kind):
        assert kind_of(inside) == kind

    @pytest.mark.parametrize("page", ["staff/user/", "staff/user/?_popup=1&o=1", "auth/group/"])
    def test_are_those_of_the_theme(self, people, monkeypatch, page):
        """But for its classes, so that a newer version that draws others is noticed."""
        monkeypatch.setattr(unfold_list, "display_for_label", lambda it, _, how: badge(it, how))
        shown = people.get(f"/admin/{page}").context_data["cl"]
        labels = [it["text"] for it in unfold_list.result_headers(shown)]

        for row in shown.result_list:
            ours = row_drawn(shown, columns_of(shown, labels), row)
            assert cells(ours) == cells("".join(unfold_list.items_for_result(shown, row, None)))
