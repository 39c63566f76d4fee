"""What will happen is shown before, in a real browser: with scripts, without, by keyboard."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils.timezone import localdate

from documents.tests.factories import make_document, pdf_bytes
from intranet.tests.test_browser import hr, page, playwright, tab_to  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from staff.models import User
from staff.tests.factories import make_department, make_user

expect = playwright.expect
POPUP = "window.open('/admin/staff/department/add/?_popup=1', 'id_profile-0-department')"
LIST = re.compile("/admin/staff/user/(#.*)?$")  # the tab that was open stays in the address


@pytest.fixture
def plain(page, hr):  # noqa: F811
    """A page of a browser whose scripts are switched off."""
    cookies, origin = page.context.storage_state(), page.evaluate("location.origin")
    browser = page.context.browser
    plain = browser.new_page(base_url=origin, java_script_enabled=False, storage_state=cookies)
    plain.set_default_timeout(20_000)
    return plain


@pytest.fixture
def fern(hr):  # noqa: F811
    gardens = make_department("Gardens", groups=["Gardens team"])
    gardens.groups.get().permissions.add(Permission.objects.get(codename="view_profile"))
    return make_user("fern", first_name="Fern", is_staff=False)


def groups(person) -> set[str]:
    return set(person.groups.values_list("name", flat=True))


def button(page, name):  # noqa: F811
    return page.get_by_role("button", name=name, exact=True)


def edit(page, person):  # noqa: F811
    """Open the page of a person and move them to Gardens."""
    page.goto(f"/admin/staff/user/{person.pk}/change/#profile")
    page.locator("[name=profile-0-department]").select_option(label="Gardens")


class TestWindow:
    def test_asks_before_rights_are_given(self, page, fern):  # noqa: F811
        edit(page, fern)
        button(page, "Save").click()
        window = page.get_by_role("dialog", name="What will happen")
        expect(window.get_by_text("Please confirm: it changes rights.")).to_be_visible()
        expect(window.get_by_text("the group Gardens team")).to_be_visible()
        assert groups(fern) == {"User"}

        button(window, "Back to the form").click()
        expect(window).to_be_hidden()
        expect(page.locator("[name=profile-0-department] :checked")).to_have_text("Gardens")
        button(page, "Save").click()
        button(window, "Save").dblclick()

        expect(page.get_by_text("changed").first).to_be_visible()
        page.wait_for_url(LIST)
        assert groups(fern) == {"User", "Gardens team"}

    def test_leaves_the_way_that_was_chosen(self, page, fern):  # noqa: F811
        edit(page, fern)
        button(page, "Save and continue editing").click()

        button(page.get_by_role("dialog"), "Save").click()

        page.wait_for_url(f"**/{fern.pk}/change/**")
        expect(page.get_by_text("Everything this did")).to_be_visible()

    def test_does_not_ask_about_what_is_harmless(self, page, fern):  # noqa: F811
        page.goto(f"/admin/staff/user/{fern.pk}/change/")
        page.locator("[name=first_name]").fill("Ferny")
        page.locator("[name=first_name]").press("Enter")

        page.wait_for_url(LIST)
        assert User.objects.get(pk=fern.pk).first_name == "Ferny"

    def test_gives_way_to_the_errors_of_the_form(self, page, fern):  # noqa: F811
        page.goto(f"/admin/staff/user/{fern.pk}/change/")
        page.locator("[name=email]").fill("fern")

        button(page, "What will happen?").click()

        expect(page.locator(".errornote").first).to_be_visible()

    def test_keeps_the_chosen_file(self, page, fern, tmp_path):  # noqa: F811
        cv = tmp_path / "fern.pdf"
        cv.write_bytes(pdf_bytes())
        make_document(fern)
        page.goto(f"/admin/staff/user/{fern.pk}/change/#papers")
        page.locator("[name=documents-0-file]").set_input_files(cv)
        delete_it = page.locator("[name=documents-0-file-old][value=delete]")
        delete_it.evaluate("it => it.checked = true")

        button(page, "What will happen?").click()
        window = page.get_by_role("dialog")
        expect(window.get_by_text("1 file").first).to_be_visible()
        expect(button(window, "Save")).to_be_hidden()
        page.keyboard.press("Escape")
        button(page, "Save").click()
        expect(window.get_by_text("it removes a file")).to_be_visible()
        button(window, "Save").click()
        page.wait_for_url(LIST)

        assert fern.documents.get().original_name == "fern.pdf"

    def test_is_run_by_keyboard_alone(self, page, fern):  # noqa: F811
        edit(page, fern)
        page.locator("[name=profile-0-job_title]").press("Enter")
        window = page.get_by_role("dialog")
        expect(window.get_by_role("heading", name="What will happen")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("[name=profile-0-job_title]")).to_be_focused()
        tab_to(page, "[name=_ask]")
        page.keyboard.press("Enter")
        expect(window).to_be_visible()
        page.keyboard.press("Tab")
        expect(button(window, "Back to the form")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[name=_ask]")).to_be_focused()
        page.locator("[name=profile-0-job_title]").press("Enter")
        expect(window).to_be_visible()
        page.keyboard.press("Tab")
        expect(button(window, "Save")).to_be_focused()
        page.keyboard.press("Enter")

        page.wait_for_url(LIST)
        assert groups(fern) == {"User", "Gardens team"}

    def test_fits_a_narrow_screen(self, page, fern):  # noqa: F811
        page.set_viewport_size({"width": 390, "height": 844})
        edit(page, fern)
        button(page, "What will happen?").click()

        box = page.get_by_role("dialog").bounding_box()

        assert box["x"] >= 0 and box["x"] + box["width"] <= 390

    def test_does_not_warn_of_leaving_what_is_saved(self, page, fern):  # noqa: F811
        warned = []
        page.on("dialog", lambda it: warned.append(it.type) or it.accept())
        edit(page, fern)
        page.locator("[name=profile-0-job_title]").press_sequentially("Gardener")
        button(page, "Save").click()
        button(page.get_by_role("dialog"), "Save").click()
        page.wait_for_url(LIST)
        assert warned == []

        page.goto(f"/admin/staff/user/{fern.pk}/change/#profile")
        page.locator("[name=profile-0-job_title]").press_sequentially("!")
        button(page, "What will happen?").click()
        button(page.get_by_role("dialog"), "Back to the form").click()
        page.goto("/admin/")

        assert warned == ["beforeunload"]


class TestAnswers:
    def test_show_what_they_do_as_they_change(self, page, fern):  # noqa: F811
        day = localdate() + timedelta(days=30)
        page.goto(f"/admin/staff/user/{fern.pk}/leave_person/")
        expect(page.locator(".plan").get_by_text("Left: nothing → now")).to_be_visible()

        page.locator("[name=left_on]").fill("yesterday")
        expect(page.locator(".plan")).to_have_count(0)
        expect(page.get_by_role("status")).to_have_text("An answer is missing or wrong.")
        assert page.get_by_role("status").bounding_box()["height"] > 20
        expect(button(page, "Record leaving")).to_be_hidden()
        page.locator("[name=left_on]").fill(day.isoformat())
        expect(page.locator(".plan").get_by_text(f"{day:%-d %b %Y}").first).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("Fern")
        button(page, "Record leaving").click()

        page.wait_for_url(f"**/{fern.pk}/change/")
        fern.profile.refresh_from_db()
        assert fern.profile.left_on == day

    def test_are_noticed_when_a_calendar_or_a_search_gives_them(self, page, fern):  # noqa: F811
        page.goto(f"/admin/staff/user/{fern.pk}/leave_person/")
        page.get_by_role("link", name="calendar_today").click()
        page.locator(".calendarnav-next:visible").click()
        page.locator(".calendarbox:visible td a", has_text="15").click()
        expect(page.locator(".plan").get_by_text("Leaves on: nothing → 15")).to_be_visible()

        page.locator(".select2-selection").click()
        page.locator(".select2-results__option", has_text="Hazel").click()

        expect(page.locator(".plan").get_by_text("Successor: nothing → Hazel")).to_be_visible()

    def test_keep_a_chosen_file_when_asked_about_at_once(self, page, fern, tmp_path):  # noqa: F811
        paper, cv = make_document(fern), tmp_path / "new.pdf"
        cv.write_bytes(pdf_bytes())
        page.goto(f"/admin/documents/document/{paper.pk}/renew_paper/")
        page.evaluate("window.stays = true")

        page.locator("[name=file]").set_input_files(cv)
        button(page, "What will happen?").click(force=True)

        expect(page.locator(".plan").first).to_be_visible()
        assert page.evaluate("document.querySelector('[name=file]').files.length") == 1
        assert page.evaluate("window.stays")

    def test_are_given_and_confirmed_by_keyboard_alone(self, page, fern):  # noqa: F811
        day = localdate() + timedelta(days=30)
        page.goto(f"/admin/staff/user/{fern.pk}/leave_person/")
        tab_to(page, "[name=left_on]")
        page.keyboard.press("Control+a")
        page.keyboard.type(day.isoformat())
        expect(page.locator(".plan").get_by_text(f"{day:%-d %b %Y}").first).to_be_visible()

        page.keyboard.press("Enter")

        page.wait_for_url(f"**/{fern.pk}/change/")
        fern.profile.refresh_from_db()
        assert fern.profile.left_on == day


class TestDeletion:
    def test_is_confirmed_by_keyboard_alone(self, page, fern):  # noqa: F811
        page.goto(f"/admin/staff/user/{fern.pk}/change/")
        tab_to(page, "a[href$='/delete/']")
        page.keyboard.press("Enter")
        expect(page.locator(".plan").get_by_text("1 mail").first).to_be_visible()
        tab_to(page, "summary")
        page.keyboard.press("Enter")
        expect(page.locator(".plan pre")).to_be_visible()

        tab_to(page, "form:has([name=post]) [type=submit]")
        page.keyboard.press("Enter")

        page.wait_for_url(LIST)
        assert not User.objects.filter(pk=fern.pk).exists()


class TestPopup:
    def test_asks_and_gives_its_row_to_the_page(self, page, fern):  # noqa: F811
        page.goto(f"/admin/staff/user/{fern.pk}/change/#profile")
        with page.expect_popup() as opened:
            page.evaluate(POPUP)
        popup = opened.value
        popup.locator("[name=name]").fill("Orchard")
        button(popup, "What will happen?").click()
        expect(popup.get_by_role("dialog")).to_contain_text("Orchard")
        popup.keyboard.press("Escape")
        with popup.expect_event("close"):
            button(popup, "Save").click()

        chosen = page.locator("[name=profile-0-department] :checked")
        expect(chosen).to_have_text("Orchard")


class TestWithoutScripts:
    def test_a_form_comes_back_with_what_it_does(self, plain, fern):
        edit(plain, fern)
        button(plain, "Save").click()
        expect(plain.get_by_text("Please confirm: it changes rights.")).to_be_visible()
        expect(plain.get_by_role("region", name="What will happen")).to_contain_text(
            "Nothing is saved yet."
        )
        assert groups(fern) == {"User"}
        plain.locator("[name=profile-0-job_title]").fill("Gardener")
        button(plain, "Confirm and save").click()
        expect(plain.get_by_text("What is different from what you saw")).to_be_visible()

        button(plain, "Confirm and save").click()

        plain.wait_for_url(LIST)
        fern.profile.refresh_from_db()
        assert (groups(fern), fern.profile.job_title) == ({"User", "Gardens team"}, "Gardener")

    def test_a_file_has_to_be_chosen_again(self, plain, fern, tmp_path):
        cv = tmp_path / "fern.pdf"
        cv.write_bytes(pdf_bytes())
        make_document(fern)
        plain.goto(f"/admin/staff/user/{fern.pk}/change/")
        plain.locator("[name=documents-0-file]").set_input_files(cv)
        button(plain, "What will happen?").click()
        expect(plain.get_by_text("Files have to be chosen again.")).to_be_visible()

        plain.locator("[name=documents-0-file]").set_input_files(cv)
        button(plain, "Confirm and save").click()

        plain.wait_for_url(LIST)
        assert fern.documents.current().get().original_name == "fern.pdf"

    def test_a_deletion_is_asked_about(self, plain, fern):
        make_document(fern)
        plain.goto(f"/admin/staff/user/{fern.pk}/delete/")
        expect(plain.locator(".plan").get_by_text("1 paper")).to_be_visible()

        button(plain, "Delete 1 person").click()

        plain.wait_for_url(LIST)
        assert not User.objects.filter(pk=fern.pk).exists()

    def test_other_answers_are_asked_about(self, plain, fern):
        day = localdate() + timedelta(days=30)
        plain.goto(f"/admin/staff/user/{fern.pk}/leave_person/")
        plain.locator("[name=left_on]").fill(day.isoformat())
        button(plain, "What will happen?").click()
        expect(plain.locator(".plan").get_by_text(f"{day:%-d %b %Y}").first).to_be_visible()

        button(plain, "Record leaving").click()

        plain.wait_for_url(f"**/{fern.pk}/change/")
        fern.profile.refresh_from_db()
        assert fern.profile.left_on == day
