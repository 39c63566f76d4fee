"""Back, in a real browser, opens a page, or the tab that was open."""

import pytest

from intranet.tests.test_browser import done, hr, page, playwright, run_on_all  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from staff.models import User
from staff.tests.factories import make_user


class TestOfAQuestion:
    def test_leads_to_the_list_once_it_is_confirmed(self, page, hr):  # noqa: F811
        make_user("fern", first_name="Fern", is_staff=False)
        page.goto("/admin/staff/user/?q=fern")
        run_on_all(page, "deactivate")
        page.locator("[data-act] [type=submit]").click()
        done(page)

        page.go_back()

        playwright.expect(page.locator(".data-row")).to_have_count(1)
        assert not User.objects.get(username="fern").is_active

    def test_about_a_file_leads_to_its_form(self, page, hr, tmp_path):  # noqa: F811
        file = tmp_path / "people.csv"
        file.write_text("first_name,last_name,email\nIvy,Quartz,ivy@example.com\n")
        page.goto("/admin/staff/user/import/")
        page.locator("[name=import_file]").set_input_files(file)
        page.locator("form[enctype] [type=submit]").click()
        page.locator("form[action$='/process_import/'] .bg-primary-600[type=submit]").click()
        done(page)

        page.go_back()

        playwright.expect(page.locator("[name=import_file]")).to_be_attached()
        assert User.objects.filter(email="ivy@example.com").count() == 1


@pytest.fixture
def rights(page, hr):  # noqa: F811
    """The page of a person, opened at a tab."""
    page.goto(f"/admin/staff/user/{make_user('fern').pk}/change/#rights")
    return page.locator("#tabs-items a[href='#rights']")


class TestOfATab:
    def test_an_address_opens_it(self, page, rights):  # noqa: F811
        playwright.expect(rights).to_have_class("active")
        playwright.expect(page.locator("[name=groups]").first).to_be_visible()

    def test_opens_it_anew_and_forward_the_next(self, page, rights):  # noqa: F811
        general = page.locator("#tabs-items a[href='#general']")
        general.click()
        playwright.expect(general).to_have_class("active")

        page.go_back()
        playwright.expect(rights).to_have_class("active")
        page.go_forward()

        playwright.expect(general).to_have_class("active")
