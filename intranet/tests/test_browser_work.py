"""What takes long, followed in a real browser from the list to the receipt."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.utils import timezone

from intranet.tasks import run
from intranet.tests.test_browser import hr, page, playwright, sign_in  # noqa: F401
from intranet.tests.test_browser import pytestmark as pytestmark
from intranet.tests.test_browser_reachable import faults
from staff.models import User
from staff.tests.factories import make_department, make_user


@pytest.fixture
def waiting(page, hr, monkeypatch):  # noqa: F811
    """The page that waits for what deleting two people would do."""
    monkeypatch.setattr("intranet.admin.bulk.LONG", 1)
    people = [make_user(name, is_staff=False) for name in ("ada", "bob")]
    page.goto("/admin/staff/user/")
    for person in people:
        page.locator(f".action-select[value='{person.pk}']").check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("progressbar").wait_for()
    return page


def test_leads_on_by_itself(waiting):
    run.run_due()
    waiting.wait_for_url("**/answer/")
    waiting.get_by_role("button", name="Delete 2 people").click()
    waiting.get_by_role("progressbar").wait_for()

    run.run_due()

    waiting.get_by_text("2 people deleted").wait_for()
    assert not User.objects.filter(username__in=["ada", "bob"]).exists()


def test_says_as_one_waits_that_no_worker_is_there(waiting):
    waiting.get_by_text("the work goes on").wait_for()

    ago = timezone.now() - timedelta(minutes=10)
    caches["progress"].set("worker", ago, None)

    waiting.get_by_text("No worker has been at work for 10 minutes.").wait_for()


def test_is_asked_for_once_more_with_other_answers(page, hr, monkeypatch):  # noqa: F811
    monkeypatch.setattr("intranet.admin.bulk.LONG", 1)
    people = [make_user(name, is_staff=False) for name in ("ada", "bob")]
    gardens, kitchen = map(make_department, ("Gardens", "Kitchen"))
    page.goto("/admin/staff/user/")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(label="Move to department…")
    page.get_by_role("button", name="Run").click()
    for chosen in (gardens, kitchen):
        page.locator("[name=department]").select_option(str(chosen.pk))
        page.locator("[data-plan] [data-long]").wait_for()
        page.get_by_role("button", name="What will happen?").click()
        page.get_by_role("progressbar").wait_for()
        run.run_due()
        page.wait_for_url("**/answer/")
    page.get_by_role("button", name="Move").click()
    page.get_by_role("progressbar").wait_for()
    run.run_due()

    page.get_by_text("moved").first.wait_for()
    assert {it.profile.department for it in User.objects.filter(pk__in=[i.pk for i in people])} == {
        kitchen
    }


def test_can_be_cancelled_and_is_for_everybody(waiting):
    found = faults(waiting)

    waiting.get_by_role("button", name="Cancel").click()

    waiting.get_by_text("It was cancelled").wait_for()
    assert found == []


def test_asks_to_sign_in_again_once_signed_out(waiting):
    Session.objects.all().delete()

    waiting.wait_for_url("**/login/?next=**/admin/intranet/work/**")
    sign_in(waiting)

    waiting.get_by_role("progressbar").wait_for()
