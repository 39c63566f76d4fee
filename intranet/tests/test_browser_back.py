"""Back, in a real browser, opens a page."""

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
