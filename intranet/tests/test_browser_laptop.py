"""What scripts and styles add to pages on a laptop."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intranet.tests.test_browser import hr, page, playwright  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from staff.models import User
from staff.tests.factories import make_user

expect = playwright.expect


@pytest.fixture
def root(hr):  # noqa: F811
    """The one who is signed in may do everything, and so has the longest menu."""
    User.objects.filter(pk=hr.pk).update(is_superuser=True)


class TestSidebar:
    def test_is_there_whole(self, page, root):  # noqa: F811
        page.goto("/admin/")

        expect(page.get_by_role("link", name="Doctor")).to_be_in_viewport(ratio=1)

    def test_shows_that_it_scrolls_in_a_low_window(self, page, root):  # noqa: F811
        page.set_viewport_size({"width": 1400, "height": 700})
        page.goto("/admin/")
        bar = page.locator("#nav-sidebar-apps .simplebar-vertical .simplebar-scrollbar")

        shown = bar.evaluate("it => getComputedStyle(it, '::before').opacity")
        page.get_by_role("link", name="Doctor").focus()

        assert float(shown) > 0
        expect(page.get_by_role("link", name="Doctor")).to_be_in_viewport(ratio=1)


class TestDayOfTheInvitation:
    def test_is_offered_as_long_as_none_is_typed(self, page, hr):  # noqa: F811
        page.goto("/admin/staff/user/add/")
        first, invitation = (
            page.locator(f"#id_profile-0-{name}_on") for name in ("started", "invite")
        )
        soon, late, past = (
            f"{timezone.localdate() + timedelta(days=days):%d/%m/%Y}" for days in (9, 20, -9)
        )

        for day, offered in ((soon, soon), (past, ""), (late, late)):
            first.fill(day)
            expect(invitation).to_have_value(offered)
        invitation.fill(soon)
        first.fill(past)

        expect(invitation).to_have_value(soon)


class TestPapersOfAPerson:
    def test_fit_while_there_are_none(self, page, hr):  # noqa: F811
        page.goto(f"/admin/staff/user/{make_user('fern').pk}/change/#documents")
        table = page.locator("#documents-data")
        expect(table).to_be_visible()

        beyond = table.evaluate(
            "it => (box => box.scrollWidth - box.clientWidth)"
            "(it.closest('.simplebar-content-wrapper'))"
        )

        assert beyond == 0
