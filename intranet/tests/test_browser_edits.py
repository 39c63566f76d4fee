"""Two people with the same page open, each in a real browser."""

import re

import pytest

from documents.models import Post
from documents.tests.factories import make_post
from intranet.tests.test_browser import hr, page, playwright, save  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from staff.models import User
from staff.tests.factories import make_user


@pytest.fixture
def other(page):  # noqa: F811
    """A page in the browser of somebody else."""
    make_user("otto", first_name="Otto", roles=["HR", "Editors"])
    address = page.evaluate("location.origin") + "/"
    tab = page.context.browser.new_context(base_url=address).new_page()
    tab.goto("/")
    tab.locator("[name=username]").fill("otto")
    tab.locator("[name=password]").fill("secret")
    tab.locator("[name=password]").press("Enter")
    tab.wait_for_url("**/admin/")
    return tab


class TestTwoPagesOpen:
    def test_each_saves_what_they_changed(self, page, hr, other):  # noqa: F811
        fern = make_user("fern", first_name="Fern", last_name="Granite")
        address = f"/admin/staff/user/{fern.pk}/change/"
        page.goto(address)
        other.goto(address)
        other.locator("[name=is_active]").uncheck()
        other.locator("[name=first_name]").fill("Ferny")
        save(other)

        page.locator("[name=last_name]").fill("Basalt")
        page.get_by_role("link", name=re.compile("^Directory entry")).click()
        page.locator("[name=profile-0-job_title]").fill("Gardener")
        save(page)

        fern = User.objects.get(pk=fern.pk)
        assert (fern.is_active, fern.name) == (False, "Ferny Basalt")
        assert fern.profile.job_title == "Gardener"

    def test_who_changed_the_same_is_asked_and_may_save_again(self, page, hr, other):  # noqa: F811
        fern = make_user("fern", first_name="Fern", last_name="Granite")
        address = f"/admin/staff/user/{fern.pk}/change/"
        page.goto(address)
        other.goto(address)
        other.locator("[name=last_name]").fill("Slate")
        save(other)

        page.locator("[name=last_name]").fill("Basalt")
        page.get_by_role("button", name="Save", exact=True).click()

        playwright.expect(page.get_by_text("Otto changed this to “Slate”")).to_be_visible()
        assert User.objects.get(pk=fern.pk).last_name == "Slate"
        save(page)
        assert User.objects.get(pk=fern.pk).last_name == "Basalt"

    @pytest.mark.parametrize(
        "body", ["<p>Some <em>text</em>.</p>\n<ul>\n<li>one</li>\n</ul>", "<div>Text</div>"]
    )
    def test_a_text_that_the_editor_only_shows_is_not_changed_here(self, page, hr, body):  # noqa: F811
        post = make_post("Magnolia", body=body)
        page.goto(f"/admin/documents/post/{post.pk}/change/")
        page.locator("trix-editor").wait_for()
        Post.objects.update(body="<p>Other text.</p>")

        page.locator("[name=title]").fill("Magnolia in bloom")
        save(page)

        post.refresh_from_db()
        assert (post.title, post.body) == ("Magnolia in bloom", "<p>Other text.</p>")
