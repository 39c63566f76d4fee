"""The whole job of HR three times: with the mouse, by keyboard alone, by touch on a telephone.

One script of steps and three hands; in two languages, so nothing is looked for by its words.
"""

import pytest
from django.db import connections

from documents.models import Document, Post
from documents.tests.factories import pdf_bytes, png_bytes
from intranet.tests.test_browser import CHROMIUM, of_looks, playwright
from staff.models import User
from staff.tests.factories import make_department, make_user

pytestmark = of_looks

expect = playwright.expect
DONE = "main a.underline[href*='/intranet/action/']"  # the receipt of what was done


class Mouse:
    """Clicks on what it sees."""

    context = {"viewport": {"width": 1440, "height": 900}}

    def __init__(self, page):
        self.page = page

    def press(self, selector):
        self.page.locator(selector).locator("visible=true").first.click()

    def open_menu(self):
        """The sidebar is there."""

    def open_actions(self):
        """What can be done stands in the head of the page."""

    def fill(self, selector, text):
        self.page.locator(selector).fill(text)

    def choose(self, selector, value):
        self.page.locator(selector).select_option(value)

    def upload(self, selector, file):
        self.page.locator(selector).set_input_files(file)

    def write(self, text):
        self.press("trix-editor")
        self.page.keyboard.type(text)


class Touch(Mouse):
    """Taps on a narrow page; what has no room there waits behind a button."""

    context = {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    }

    def press(self, selector):
        self.page.locator(selector).locator("visible=true").first.tap()

    def open_menu(self):
        self.press(r"[x-on\:click='sidebarMobileOpen = !sidebarMobileOpen']")

    def open_actions(self):
        self.press(r"a[x-on\:click='showActions = !showActions']")


class Keys(Mouse):
    """Has nothing but the keyboard: Tab, Shift, Space, Enter, Esc and letters."""

    def __init__(self, page):
        super().__init__(page)
        page.on("filechooser", lambda _: None)  # file windows are caught from the beginning

    def focus(self, selector):
        for _ in range(250):
            try:
                if self.page.evaluate("it => !!document.activeElement?.matches(it)", selector):
                    return
            except playwright.Error:  # the next page is just coming
                self.page.wait_for_load_state()
            self.page.keyboard.press("Tab")
        raise AssertionError(f"The Tab key does not reach {selector}")

    def press(self, selector):
        self.focus(selector)
        is_box = self.page.evaluate("document.activeElement.type === 'checkbox'")
        self.page.keyboard.press("Space" if is_box else "Enter")

    def fill(self, selector, text):
        self.focus(selector)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, selector, value):
        self.focus(selector)
        self.page.keyboard.press("Home")
        for _ in range(40):
            if self.page.evaluate("document.activeElement.value") == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{selector} does not offer {value}")

    def upload(self, selector, file):
        self.focus(selector)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(file)

    def write(self, text):
        self.focus("trix-editor")
        self.page.keyboard.type(text)


class Job:
    """What HR does in a day. Each step ends on a page that says it was done."""

    def __init__(self, hands):
        self.do, self.page = hands, hands.page

    def sign_in(self):
        self.page.goto("/")
        self.do.fill("[name=username]", "hazel")
        self.do.fill("[name=password]", "secret")
        self.do.press("form [type=submit]")
        self.page.locator("#nav-sidebar").wait_for(state="attached")

    def go(self, path):
        self.do.open_menu()
        self.do.press(f"#nav-sidebar a[href='/admin/{path}']")
        self.page.wait_for_url(f"**/admin/{path}")

    def save(self):
        """Save, and confirm where the page asks."""
        address = self.page.url
        self.do.press("[name=_save]")
        window = self.page.locator("dialog#rehearsal[open]")
        expect(window.or_(self.page.locator(DONE).first).first).to_be_visible()
        if self.page.url == address and window.is_visible():
            self.do.press("#rehearsal [data-save] button")
        expect(self.page.locator(DONE).first).to_be_visible()

    def confirm(self):
        self.do.press("form:has([name=post]) [data-act] [type=submit]")
        expect(self.page.locator(DONE).first).to_be_visible()

    def find(self, name):
        self.do.fill("#searchbar", name)
        self.page.keyboard.press("Enter")  # a telephone's keyboard has it, too
        expect(self.page.locator(".data-row")).to_have_count(1)

    def run(self, action):
        self.do.press(".action-select")
        self.do.choose("select[name=action]", action)
        self.do.press("[name=index]")

    def open_found(self):
        self.do.press(".data-row th a")
        self.page.wait_for_url("**/change/**")

    def add_person(self, photo, cv):
        self.go("staff/user/")
        self.do.press("a.addlink")
        self.page.wait_for_url("**/add/**")
        self.do.fill("[name=first_name]", "Fern")
        self.do.fill("[name=last_name]", "Granite")
        self.do.fill("[name=email]", "fern@example.com")
        self.do.press("[name=is_staff]")
        self.do.fill("[name=profile-0-job_title]", "Gardener")
        self.do.upload("[name=profile-0-photo]", photo)
        self.do.upload("[name=documents-0-file]", cv)
        self.save()

    def move(self, department):
        self.go("staff/user/")
        self.find("Granite")
        self.run("move_to_department")
        self.do.choose("select[name=department]", department)
        expect(self.page.locator("[data-act]")).to_be_visible()
        self.confirm()

    def invite(self):
        self.go("staff/user/")
        self.find("Granite")
        self.run("invite_again")
        self.confirm()

    def write_post(self):
        self.go("documents/post/")
        self.do.press("a.addlink")
        self.page.wait_for_url("**/add/**")
        self.do.fill("[name=title]", "Magnolia in bloom")
        self.do.write("Come and see")
        self.save()

    def import_two(self, file):
        self.go("staff/user/")
        self.do.open_actions()
        self.do.press("a[href$='/staff/user/import/']")
        self.do.upload("[name=import_file]", file)
        self.do.press("form[enctype] [type=submit]")
        expect(self.page.locator("form[action$='/process_import/']")).to_be_visible()
        self.do.press("form[action$='/process_import/'] .bg-primary-600[type=submit]")
        expect(self.page.locator(DONE).first).to_be_visible()

    def record_leaving(self):
        self.go("staff/user/")
        self.find("Basalt")
        self.run("leaves")
        self.confirm()

    def delete(self):
        self.go("staff/user/")
        self.find("Slate")
        self.open_found()
        self.do.press("a.submit-delete")
        self.confirm()

    def undo_move(self):
        self.go("staff/user/")
        self.find("Granite")
        self.open_found()
        self.do.open_actions()
        self.do.press("a[href$='/history/']")
        self.do.press("main table a[href*='/intranet/action/']")
        self.do.open_actions()
        self.do.press("a[href$='/undo/']")
        self.confirm()


@pytest.fixture(params=["en-GB", "de-DE"])
def language(request):
    return request.param


@pytest.fixture(params=[Mouse, Keys, Touch], ids=["mouse", "keyboard", "touch"])
def job(request, language, live_server, monkeypatch):
    """Somebody from HR at work; the test fails when the browser found anything wrong."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    make_user("hazel", first_name="Hazel", roles=["HR", "Editors"])
    wrong = []
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            base_url=live_server.url, locale=language, **request.param.context
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("response", lambda it: it.status >= 400 and wrong.append(f"{it.status} {it.url}"))
        yield Job(request.param(page))
        browser.close()
        connections.close_all()
    assert wrong == []


class TestTheWholeJob:
    def test_is_done_by_hand(self, job, tmp_path):
        photo, cv, table = tmp_path / "fern.png", tmp_path / "fern.pdf", tmp_path / "two.csv"
        photo.write_bytes(png_bytes())
        cv.write_bytes(pdf_bytes())
        table.write_text(
            "First name,Last name,E-mail\n"
            "Basil,Basalt,basil@example.com\nSage,Slate,sage@example.com\n"
        )
        gardens = make_department("Gardens")

        job.sign_in()
        job.add_person(photo, cv)
        job.invite()
        job.move(str(gardens.pk))
        job.write_post()
        job.import_two(table)
        job.record_leaving()
        job.delete()
        job.undo_move()

        fern = User.objects.get(email="fern@example.com")
        assert (fern.is_staff, bool(fern.profile.photo)) == (True, True)
        assert fern.profile.department is None  # moved, and moved back
        assert Document.objects.get(owner=fern).original_name == "fern.pdf"
        assert Post.objects.get(title="Magnolia in bloom").author.username == "hazel"
        assert User.objects.get(email="basil@example.com").profile.left_on
        assert not User.objects.filter(email="sage@example.com").exists()
