"""What is read and pressed on a telephone, in a real browser of its width."""

import pytest

from intranet.tests.test_browser import hr, page  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from staff.models import User

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(page, hr):  # noqa: F811
    page.set_viewport_size(PHONE)
    return page


class TestLists:
    def test_fifty_people_are_no_long_way(self, phone):
        people = (
            User(
                username=f"person.number.{number}",
                email=f"person.number.{number}@example.com",
                first_name="Marigold",
                last_name=f"Featherstonehaugh {number}",
            )
            for number in range(50)
        )
        for person in people:
            person.save()

        phone.goto("/admin/staff/user/")

        assert phone.locator(".data-row").count() == 50
        assert phone.evaluate("document.documentElement.scrollHeight") <= 6000
        assert (
            max(phone.locator(".data-row").evaluate_all("rows => rows.map(it => it.offsetHeight)"))
            <= 90
        )
