"""A session that ends while somebody types, in a real browser."""

from intranet.tests.test_browser import hr, page, playwright, save, sign_in  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from staff.models import User
from staff.tests.factories import make_user


def test_gives_what_was_typed_back_after_signing_in(page, hr):  # noqa: F811
    fern = make_user("fern", first_name="Fern")
    page.goto(f"/admin/staff/user/{fern.pk}/change/")
    page.locator("[name=first_name]").fill("Fernanda")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save", exact=True).click()
    playwright.expect(page.get_by_text("What you sent was not saved")).to_be_visible()

    sign_in(page)

    playwright.expect(page.get_by_text("You signed in again meanwhile")).to_be_visible()
    playwright.expect(page.locator("[name=first_name]")).to_have_value("Fernanda")
    save(page)
    assert User.objects.get(pk=fern.pk).first_name == "Fernanda"


def test_gives_it_back_where_somebody_signed_in_in_another_window(page, hr):  # noqa: F811
    fern = make_user("fern", first_name="Fern")
    page.goto(f"/admin/staff/user/{fern.pk}/change/")
    page.locator("[name=first_name]").fill("Fernanda")
    anew = {"name": "csrftoken", "value": 32 * "x", "url": page.url.split("admin")[0]}
    page.context.add_cookies([anew])

    with page.expect_navigation():
        page.locator("form:has([name=first_name])").evaluate("it => it.submit()")

    playwright.expect(page.get_by_text("You signed in again meanwhile")).to_be_visible()
    playwright.expect(page.locator("[name=first_name]")).to_have_value("Fernanda")
