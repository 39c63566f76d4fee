"""The mails of a post to many, followed in a real browser from the list to the end."""

import pytest

from documents.tests.factories import make_post
from intranet.outbox.models import Mail
from intranet.tasks.mailing import end_mailings
from intranet.tasks.models import Work
from intranet.tests.test_browser import hr, page, playwright  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from intranet.tests.test_browser_reachable import faults
from staff.tests.factories import make_user


@pytest.fixture
def mailing(page, hr, monkeypatch):  # noqa: F811
    """The page that follows the mails of a post to three."""
    monkeypatch.setattr("intranet.tasks.mailing.MANY", 3)
    for name in ("ada", "bob"):
        make_user(name, is_staff=False)
    post = make_post("The canteen", mail_audience=True, starts=5)
    Mail.objects.all().delete()
    page.goto("/admin/documents/post/")
    page.locator(f".action-select[value='{post.pk}']").check()
    page.locator("select[name=action]").select_option("publish_now")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Publish now").click()
    page.get_by_role("link", name="How far the mails are").click()
    page.get_by_text("0 mails sent, 3 wait").wait_for()
    return page


def sent(*names):
    to = [f"{name}@example.com" for name in names]
    Mail.objects.filter(to__in=to).update(status=Mail.Status.SENT)


def test_it_says_how_far_they_are_and_then_that_all_are_out(mailing):
    sent("ada")
    mailing.get_by_text("1 mail sent, 2 wait").wait_for()

    sent("ada", "bob", "hazel")
    end_mailings()

    mailing.get_by_role("progressbar").wait_for(state="detached")
    mailing.get_by_text("3 mails sent").wait_for()


def test_the_rest_can_be_stopped_by_everybody(mailing):
    sent("ada")
    mailing.get_by_text("1 mail sent, 2 wait").wait_for()
    found = faults(mailing)

    mailing.get_by_role("button", name="Stop the rest").click()

    mailing.get_by_text("1 mail sent, 2 not sent").wait_for()
    assert found == []
    assert Work.objects.get().state == Work.State.CANCELLED
    assert faults(mailing) == []
