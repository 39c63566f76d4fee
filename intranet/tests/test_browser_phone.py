"""What is read and pressed on a telephone, in a real browser of its width."""

import pytest
from django.utils import timezone

from documents.tests.factories import make_document, make_post
from intranet.files.models import FileRemoval
from intranet.outbox.models import Mail
from intranet.tests.test_browser import hr, of_looks, page, playwright  # noqa: F401
from staff.models import Profile, User
from staff.tests.factories import make_user

pytestmark = of_looks

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(page, hr):  # noqa: F811
    page.set_viewport_size(PHONE)
    return page


class TestLists:
    def test_fifty_people_are_no_long_way(self, phone):
        people = (
            User(
                username=f"person.number.{number}",
                email=f"person.number.{number}@example.com",
                first_name="Marigold",
                last_name=f"Featherstonehaugh {number}",
            )
            for number in range(50)
        )
        for person in people:
            person.save()

        phone.goto("/admin/staff/user/")

        assert phone.locator(".data-row").count() == 50
        assert phone.evaluate("document.documentElement.scrollHeight") <= 6000
        assert (
            max(phone.locator(".data-row").evaluate_all("rows => rows.map(it => it.offsetHeight)"))
            <= 90
        )

    @pytest.mark.parametrize("address", ["staff/profile/", "intranet/fileremoval/"])
    def test_long_facts_take_no_more_lines(self, phone, hr, address):  # noqa: F811
        facts = {"job_title": "Head of Communications", "location": "Glasshouse by the pond"}
        Profile.objects.filter(user=hr).update(**facts, phone="01632 960016")
        removal = FileRemoval(name="other/b74c955abdc447d3b4f43e4eb38c414d.pdf", attempts=6)
        removal.source = "documents.Document.file"
        removal.error = "PermissionError: The folder may not be written to."
        removal.save()

        phone.goto(f"/admin/{address}")

        assert phone.locator(".data-row").first.bounding_box()["height"] <= 90

    @pytest.mark.parametrize(
        "address", ["intranet/mail/", "documents/post/", "documents/document/"]
    )
    def test_rows_begin_with_the_name_and_have_three_lines(self, phone, hr, address):  # noqa: F811
        Mail.objects.create(to="marigold.featherstonehaugh@example.com", subject="Welcome to us")
        make_post("Winter opening hours", starts=9, ends=40, author=hr)
        make_document(
            hr, title="First aid", name="First-aid-at-work.pdf", expires_on=timezone.localdate()
        )

        phone.goto(f"/admin/{address}")

        row = phone.locator(".data-row")
        name, places = (
            row.locator("th").bounding_box(),
            [it.bounding_box() for it in row.locator("td:not(.action-checkbox):visible").all()],
        )
        assert row.bounding_box()["height"] <= 90
        assert all((name["y"], name["x"]) <= (it["y"] + 4, it["x"]) for it in places)


class TestForms:
    def test_saving_stays_at_hand_and_comes_before_deleting(self, phone, hr):  # noqa: F811
        save, delete = phone.locator("[name=_save]"), phone.locator(".submit-delete")

        phone.goto(f"/admin/staff/user/{make_user().pk}/change/")

        playwright.expect(save).to_be_in_viewport(ratio=1)
        phone.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        playwright.expect(delete).to_be_in_viewport(ratio=1)
        assert save.bounding_box()["y"] < delete.bounding_box()["y"]
