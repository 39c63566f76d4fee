"""Where the focus goes: into what opens, back to what opened it, past the menu, to the bulk bar."""

import pytest

from intranet.tests.test_browser import hr, of_looks, page, playwright, soon, tab_to  # noqa: F401

pytestmark = of_looks

expect = playwright.expect
LIST = "/admin/staff/user/"
FILTERS = r"[x-on\:click='filterOpen = true']"


def has_focus(page, selector) -> bool:  # noqa: F811
    """Return whether it gets the focus, which comes back once something has closed."""
    return soon(lambda: page.evaluate("it => !!document.activeElement.closest(it)", selector))


class TestFocus:
    def test_skips_the_menu(self, page, hr):  # noqa: F811
        page.goto(LIST)

        page.keyboard.press("Tab")
        expect(page.locator(".skip-link")).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")

        assert has_focus(page, "#content")

    def test_is_ringed_once_in_a_search(self, page, hr):  # noqa: F811
        page.goto(LIST)
        page.keyboard.press("/")
        expect(page.locator("#searchbar")).to_be_focused()

        rings = page.evaluate(
            "[...document.querySelectorAll('main :focus-within, #main :focus-within')]"
            ".filter((it) => getComputedStyle(it).outlineStyle !== 'none').map((it) => it.id)"
        )

        assert rings == ["searchbar"]

    def test_goes_into_the_filters_and_back(self, page, hr):  # noqa: F811
        page.goto(LIST)
        tab_to(page, FILTERS)
        page.keyboard.press("Enter")
        expect(page.locator("#changelist-filter :focus")).to_be_visible()

        for _ in range(30):
            page.keyboard.press("Tab")
            assert has_focus(page, "#changelist-filter")
        page.keyboard.press("Escape")

        expect(page.locator("#changelist-filter")).to_be_hidden()
        assert has_focus(page, FILTERS)

    def test_gets_to_the_bulk_bar_at_once(self, page, hr):  # noqa: F811
        page.goto(LIST)
        page.locator(".action-select").first.focus()
        page.keyboard.press("Space")

        page.keyboard.press("Tab")

        assert has_focus(page, "select[name=action]")
        page.keyboard.press("d")
        expect(page.locator("[name=index]")).to_be_visible()  # a moment later
        page.keyboard.press("Tab")
        assert has_focus(page, "[name=index]")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="1 person")).to_be_visible()

    @pytest.mark.parametrize(
        "opener",
        [r"[x-on\:click='openUserLinks = !openUserLinks']"],
    )
    def test_comes_back_from_a_menu_that_esc_closes(self, page, hr, opener):  # noqa: F811
        page.goto(f"{LIST}add/")
        page.locator(opener).first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("nav[x-show] :focus")).to_be_visible()

        page.keyboard.press("Escape")

        expect(page.locator("nav[x-show]:visible")).to_have_count(0)
        assert has_focus(page, opener)

    def test_comes_back_from_the_search_over_everything(self, page, hr):  # noqa: F811
        page.goto("/admin/")
        tab_to(page, r"#nav-sidebar button[x-on\:click*=opencommand]")
        page.keyboard.press("Enter")
        expect(page.locator("#search-input-command")).to_be_focused()

        page.keyboard.press("Escape")

        expect(page.locator("#search-input-command")).to_be_hidden()
        assert has_focus(page, "#nav-sidebar button")

    def test_stays_in_the_sidebar_of_a_narrow_page(self, page, hr):  # noqa: F811
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto("/admin/")
        page.locator("[aria-label=Sidebar]:visible").press("Enter")
        expect(page.locator("#nav-sidebar :focus")).to_be_visible()

        page.keyboard.press("Shift+Tab")
        assert has_focus(page, "#nav-sidebar")
        page.keyboard.press("Escape")

        expect(page.locator("#nav-sidebar")).to_be_hidden()
        assert has_focus(page, "[aria-label=Sidebar]")
