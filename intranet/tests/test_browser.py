"""The whole job in a real browser, from the first sign-in to the notice about a deleted post."""

import re
import shutil
import time
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.core.files.base import ContentFile
from django.db import connection, connections

from documents.models import Document, Post
from documents.tests.factories import make_document, pdf_bytes, png_bytes
from intranet.files.listing import MARKER
from intranet.outbox.models import Mail
from staff.models import User
from staff.tests.factories import make_department, make_user

playwright = pytest.importorskip("playwright.sync_api", reason="needs requirements-dev.txt")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not CHROMIUM, reason="Chromium is not installed (Debian: apt install chromium)"
    ),
]
of_looks = [
    *pytestmark,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="No page looks otherwise elsewhere."),
]


@pytest.fixture
def page(live_server, monkeypatch):
    """A page of a fresh browser; the test fails when the browser found anything wrong."""
    # Playwright keeps an event loop running in this thread, for itself. Django takes that for
    # asynchronous code: the ORM would refuse to work, and gets a connection of its own.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    wrong = []
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=live_server.url, viewport={"width": 1400, "height": 900})
        page.set_default_timeout(20_000)
        playwright.expect.set_options(timeout=20_000)
        page.on("console", lambda it: it.type == "error" and wrong.append(it.text))
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("response", lambda it: it.status >= 400 and wrong.append(f"{it.status} {it.url}"))
        yield page
        browser.close()
        connections.close_all()
    assert wrong == []


@pytest.fixture
def hr(page):
    """Somebody who runs people and posts, signed in through the sign-in page."""
    user = make_user("hazel", first_name="Hazel", roles=["HR", "Editors"])
    page.goto("/")
    sign_in(page)
    page.wait_for_url("**/admin/")
    Mail.objects.all().delete()
    return user


def sign_in(page):
    page.locator("[name=username]").fill("hazel")
    page.locator("[name=password]").fill("secret")
    page.locator("[name=password]").press("Enter")


def files() -> set[str]:
    """Return the names of all stored files but the marker."""
    root = Path(site_settings.MEDIA_ROOT)
    names = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return names - {MARKER}


def soon(question, seconds=10) -> bool:
    """Wait until `question()` is true; files go a moment after the page has answered."""
    for _ in range(seconds * 10):
        if question():
            return True
        time.sleep(0.1)
    return False


def done(page):
    """Wait until the page says what was done."""
    playwright.expect(page.get_by_text("Everything this did")).to_be_visible()


def save(page):
    """Save a form, and confirm what it does where it is asked about."""
    page.get_by_role("button", name="Save", exact=True).click()
    window = page.get_by_role("dialog", name="What will happen")
    playwright.expect(window.or_(page.get_by_text("Everything this did"))).to_be_visible()
    if window.is_visible():
        window.get_by_role("button", name="Save").click()
    done(page)


def run_on_all(page, action):
    """Tick every row of a list and run a bulk action."""
    for box in page.locator("input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option(action)
    page.get_by_role("button", name="Run").click()


def confirm_deletion(page):
    page.locator("form:has([name=post]) [type=submit]").click()
    done(page)


class TestTheJob:
    def test_people_papers_and_posts_are_run_in_the_browser(self, page, hr, tmp_path):
        first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
        first.write_bytes(pdf_bytes("First CV"))
        second.write_bytes(pdf_bytes("Second CV"))

        fern = self.add_colleague(page, first)
        self.replace_cv(page, fern, second)
        self.delete_one(page, fern)
        self.delete_many(page)
        self.write_and_delete_post(page)

    def add_colleague(self, page, cv) -> User:
        make_department("Gardens", groups=["Gardens team"])
        page.goto("/admin/staff/user/add/")
        page.locator("[name=first_name]").fill("Fern")
        page.locator("[name=last_name]").fill("Granite")
        page.locator("[name=email]").fill("fern@example.com")
        page.locator("[name=profile-0-job_title]").fill("Gardener")
        page.locator("[name=profile-0-department]").select_option(label="Gardens")
        page.locator("[name=documents-0-file]").set_input_files(cv)
        save(page)

        fern = User.objects.get(email="fern@example.com")
        assert fern.profile.job_title == "Gardener"
        assert {group.name for group in fern.groups.all()} == {"User", "Gardens team"}
        assert Mail.objects.filter(to="fern@example.com").count() == 1
        assert fern.documents.get().original_name == "first.pdf"
        assert files() == {fern.documents.get().file.name}
        return fern

    def replace_cv(self, page, person, cv):
        old = person.documents.get().file.name
        page.goto(f"/admin/staff/user/{person.pk}/change/#papers")
        page.locator("[name=documents-0-file]").set_input_files(cv)
        delete_it = page.locator("[name=documents-0-file-old][value=delete]")
        delete_it.evaluate("it => it.checked = true")
        save(page)

        new = person.documents.get()
        assert new.original_name == "second.pdf"
        assert new.file.name != old
        assert soon(lambda: files() == {new.file.name})

    def delete_one(self, page, person):
        page.goto(f"/admin/staff/user/{person.pk}/change/")
        page.get_by_role("link", name=re.compile("^Delete (person|post)$")).click()
        playwright.expect(page.get_by_role("heading", name="Who is told")).to_be_visible()
        confirm_deletion(page)

        assert not User.objects.filter(pk=person.pk).exists()
        assert soon(lambda: not files())

    def delete_many(self, page):
        for name in ("basil", "clover", "rowan"):
            make_document(make_user(name, is_staff=False))
        assert len(files()) == 3
        page.goto("/admin/staff/user/?q=example.com&is_staff__exact=0")
        run_on_all(page, "move_to_department")
        page.locator("select[name=department]").select_option(label="Gardens")
        page.get_by_role("button", name="Move").click()
        done(page)
        run_on_all(page, "delete_selected")
        confirm_deletion(page)

        assert list(User.objects.values_list("username", flat=True)) == ["hazel"]
        assert not Document.objects.exists()
        assert soon(lambda: not files())

    def write_and_delete_post(self, page):
        page.goto("/admin/documents/post/add/")
        page.locator("[name=title]").fill("Magnolia in bloom")
        page.locator("trix-editor").click()
        page.keyboard.press("Control+b")
        page.keyboard.type("Come and see")
        save(page)

        post = Post.objects.get(title="Magnolia in bloom")
        assert "<strong>Come and see</strong>" in post.body
        page.goto(f"/admin/documents/post/{post.pk}/change/")
        page.get_by_role("link", name=re.compile("^Delete (person|post)$")).click()
        confirm_deletion(page)
        page.goto("/admin/intranet/notice/")
        told = page.get_by_text(re.compile("Magnolia in bloom")).first
        playwright.expect(told).to_be_visible()


CUT_OFF = """[...document.querySelectorAll("h1 > a, h1 > span")]
    .filter(it => it.scrollWidth > it.clientWidth).map(it => it.textContent)"""


class TestNarrowScreen:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "staff/user/",
            "staff/user/add/",
            "documents/document/",
            "documents/document/{}/change/",
            "documents/post/add/",
            "receivers/",
        ],
    )
    def test_nothing_sticks_out(self, page, hr, path):
        paper = make_document(hr)
        page.set_viewport_size({"width": 390, "height": 844})

        page.goto(f"/admin/{path.format(paper.pk)}")

        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    def test_nor_does_the_name_of_a_photo(self, page, hr):
        hr.profile.photo.save("hazel.png", ContentFile(png_bytes()))
        page.set_viewport_size({"width": 390, "height": 844})

        page.goto(f"/admin/staff/user/{hr.pk}/change/#profile")

        playwright.expect(page.locator("[name=profile-0-job_title]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    def test_the_way_to_a_page_is_legible(self, page, hr):
        page.set_viewport_size({"width": 390, "height": 844})
        zoe = make_user("zoe", first_name="Zoë", last_name="Newcomer")

        for path in ["staff/user/", f"staff/user/{zoe.pk}/change/", "intranet/fileremoval/"]:
            page.goto(f"/admin/{path}")
            assert page.evaluate(CUT_OFF) == []


def tab_to(page, selector, key="Tab"):
    """Press Tab until the focus is on what `selector` means; fails when it never gets there."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"The Tab key does not reach {selector}")


class TestKeyboard:
    def test_opens_the_filters(self, page, hr):
        page.goto("/admin/staff/user/")

        tab_to(page, r"[x-on\:click='filterOpen = true']")
        page.keyboard.press("Enter")

        playwright.expect(page.get_by_text("Apply Filters")).to_be_visible()

    def test_unfolds_what_is_behind_what_happens(self, page, hr):
        page.goto("/admin/receivers/")
        playwright.expect(page.locator("section details li").first).to_be_hidden()

        tab_to(page, "section summary")
        page.keyboard.press("Enter")

        playwright.expect(page.locator("section details li").first).to_be_visible()

    def test_folds_the_sidebar(self, page, hr):
        page.goto("/admin/")

        tab_to(page, "[aria-label=Sidebar]")
        page.keyboard.press("Space")

        playwright.expect(page.locator("#nav-sidebar-apps")).to_be_hidden()

    def test_signs_out(self, page, hr):
        page.goto("/admin/")

        tab_to(page, r"[x-on\:click='openUserLinks = !openUserLinks']")
        page.keyboard.press("Enter")
        playwright.expect(page.locator("#logout-form")).to_be_visible()
        tab_to(page, "#logout-form button")
        page.keyboard.press("Enter")

        playwright.expect(page.get_by_text("You are signed out")).to_be_visible()

    def test_finds_people_in_the_palette(self, page, hr):
        make_user("fern", first_name="Fern", last_name="Granite")
        page.goto("/admin/")

        page.keyboard.press("Control+k")
        page.keyboard.type("granite", delay=20)

        playwright.expect(page.locator("#command-results")).to_contain_text("Fern Granite")
        page.keyboard.press("Enter")
        page.wait_for_url("**/admin/staff/user/*/change/")

    def test_says_in_the_palette_that_nothing_is_found(self, page, hr):
        page.goto("/admin/")

        page.keyboard.press("Control+k")
        page.keyboard.type("zzzz", delay=20)

        playwright.expect(page.get_by_text("Nothing found")).to_be_visible()

    def test_removes_a_paper_of_a_person(self, page, hr):
        fern = make_user("fern")
        make_document(fern)
        page.goto(f"/admin/staff/user/{fern.pk}/change/#documents")

        tab_to(page, "[name=documents-0-DELETE]")
        page.keyboard.press("Space")
        save(page)

        assert not fern.documents.exists()

    def test_formats_the_text_of_a_post(self, page, hr):
        page.goto("/admin/documents/post/add/")
        page.locator("[name=title]").fill("Magnolia in bloom")
        page.locator("trix-editor").focus()
        page.keyboard.type("Come and see")
        body = page.locator("[name=body]")
        playwright.expect(body).to_have_value("<div>Come and see</div>")
        page.keyboard.press("Control+a")

        tab_to(page, "trix-toolbar [aria-label=Bold]", "Shift+Tab")
        page.keyboard.press("Enter")
        playwright.expect(page.locator("trix-editor strong")).to_be_visible()
        save(page)

        assert "<strong>Come and see</strong>" in Post.objects.get().body


SEND = "button => fetch('', {method: 'POST', body: new FormData(button.form, button)})"


class TestWithoutScripts:
    def test_a_page_is_shown(self, page, hr, live_server):
        cookies = page.context.storage_state()
        plain = page.context.browser.new_page(
            base_url=live_server.url, java_script_enabled=False, storage_state=cookies
        )

        plain.goto("/admin/receivers/")
        plain.get_by_text("only keep").first.click()

        playwright.expect(plain.locator("section details li").first).to_be_visible()


class TestImpatience:
    def test_a_form_sent_twice_adds_one_post(self, page, hr):
        page.goto("/admin/documents/post/add/")
        page.locator("[name=title]").fill("Magnolia in bloom")
        page.locator("trix-editor").click()
        page.keyboard.type("Come and see")
        button = page.get_by_role("button", name="Save", exact=True)

        button.evaluate(f"async button => {{ await ({SEND})(button) }}")
        button.dblclick()

        playwright.expect(page.get_by_text("Everything this did")).to_have_count(1)
        assert Post.objects.count() == 1


class TestImport:
    def test_names_are_read_again_in_another_encoding(self, page, hr, tmp_path):
        file = tmp_path / "staff.csv"
        rows = "Staff 2026\nE-mail;Surname;Prénom\na@example.com;Simek;Přemysl\nTotal;1;\n"
        file.write_bytes(rows.encode("cp1250"))
        page.goto("/admin/staff/user/import/")
        page.locator("[name=import_file]").set_input_files(file)
        page.get_by_role("button", name="Preview").click()
        playwright.expect(page.get_by_text("The encoding is a guess")).to_be_visible()
        playwright.expect(page.get_by_text("Pøemysl").last).to_be_visible()

        page.locator("[name=format]").select_option(label="Central European (Windows-1250)")
        page.get_by_role("button", name="Read again").click()
        playwright.expect(page.get_by_text("Přemysl").last).to_be_visible()
        page.get_by_role("button", name="Import 1 person").click()

        done(page)
        assert User.objects.get(email="a@example.com").name == "Přemysl Simek"

    def test_stray_letters_have_to_be_looked_at(self, page, hr, tmp_path):
        file = tmp_path / "staff.csv"
        file.write_bytes(
            "E-mail,First name\na@example.com,Zoë\nb@example.com,".encode() + b"Ren\xe9\n"
        )
        page.goto("/admin/staff/user/import/")
        page.locator("[name=import_file]").set_input_files(file)
        page.get_by_role("button", name="Preview").click()

        page.get_by_role("button", name="Import 2 people").click()
        playwright.expect(page.locator("[name=looked]:invalid")).to_be_visible()
        page.locator("[name=looked]").check()
        page.get_by_role("button", name="Import 2 people").click()

        done(page)
        assert User.objects.count() == 3
