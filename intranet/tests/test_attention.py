"""What needs attention: what is counted on the first page is what its list shows."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.tests.factories import make_document, make_post, require
from intranet import attention
from intranet.files.models import FileFault, FileRemoval
from intranet.models import PasswordLink
from intranet.outbox.models import Mail
from intranet.trace.models import ReceiverDay
from staff.models import Profile, User
from staff.tests.factories import make_department, make_user

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/staff/user/"


def needed(client) -> dict:
    """Return what the first page says needs attention: (count, address), by key."""
    found = client.get("/admin/").context["attention"]
    return {it["item"].key: (it["count"], it["url"]) for it in found}


def shown(client, url) -> set[str]:
    """Return what a list shows, by name."""
    return {str(row) for row in client.get(url).context["cl"].queryset}


def fill():
    """Make rows for each item: one or more that need attention, and one that does not."""
    today, now = timezone.localdate(), timezone.now()
    anna, ben = make_user("anna", department=make_department("Lab")), make_user("ben")
    Profile.objects.filter(user=anna).update(manager=ben)
    for name in ("due", "due2"):
        Profile.objects.filter(user=make_user(name)).update(left_on=today - timedelta(days=3))
    gone = make_user("gone", is_active=False)
    Profile.objects.filter(user=gone).update(departed_at=now, left_on=today)
    make_department("Headless", head=gone)
    make_department("Led", head=ben)
    for days in (-1, 0, 30, 31):
        make_document(ben, expires_on=today + timedelta(days=days))
    make_document(gone, expires_on=today)
    require("contract")
    make_post(ends=24)
    make_post(ends=24 * 8, asks_acknowledgement=True)
    for number, status in enumerate(Mail.Status):
        Mail.objects.create(to="a@example.com", message_id=number, status=status)
    FileRemoval.objects.create(storage="default", name="cvs/a.pdf", error="No disk", attempts=1)
    FileRemoval.objects.create(storage="default", name="cvs/b.pdf")
    FileFault.objects.create(storage="default", name="cvs/stray.pdf")
    FileFault.objects.create(name="cvs/b.pdf", source="documents.Document.file", row_key="1")
    for day, failures in ((today, 1), (today - timedelta(days=1), 2)):
        ReceiverDay.objects.create(receiver="staff.create_profile", day=day, failures=failures)
    caches["progress"].set("worker", now - timedelta(minutes=10), None)
    make_user("silent", is_staff=False, is_superuser=True)
    invite("asked", days=8)


def invite(name, days):
    user = make_user(name)
    user.set_unusable_password()
    user.save()
    sent_at = timezone.now() - timedelta(days=days)
    mail = Mail.objects.create(to=user.email, message_id=name, status="sent", sent_at=sent_at)
    PasswordLink.objects.create(user=user, made_at=sent_at, mail=mail)


class TestItems:
    def test_lead_to_the_rows_they_count(self, client, root):
        fill()
        found = needed(client)

        assert found.keys() == {it.key for it in attention.items()}
        for item in attention.items():
            count, url = found[item.key]
            if item.key == "worker":
                assert "for 10 minutes" in client.get(url).content.decode()
            elif item.page:
                assert len(client.get(url).context[item.key]) == count == 1
            else:
                names = {str(row) for row in item.rows(root)}
                assert client.get(url).context["cl"].result_count == count
                assert shown(client, url) == names

    def test_take_one_query_each_however_many_rows(self, root):
        attention.needed(root)
        with CaptureQueriesContext(connection) as empty:
            attention.needed(root)
        fill()
        with CaptureQueriesContext(connection) as filled:
            attention.needed(root)

        assert len(empty) == len(filled) == len(attention.items()) - 1  # of no row

    def test_are_not_shown_when_there_are_none(self, client, root):
        make_post()
        make_document(root)

        assert not {"failed_mails", "expired_papers", "ending_posts"} & needed(client).keys()

    def test_are_for_those_who_may_see_the_list(self, client):
        fill()
        for user in (make_user(), make_user(roles=["Editors"]), make_user(roles=["HR"])):
            client.force_login(user)
            page = client.get("/admin/").context["attention"]
            for found in page or []:
                assert client.get(found["url"]).status_code == 200

    @pytest.mark.parametrize(
        ("roles", "keys"),
        [
            ([], None),
            (["Editors"], {"ending_posts", "unfinished_posts"}),
            (["HR"], {"failed_mails", "ending_posts"}),
        ],
    )
    def test_of_each_role(self, client, roles, keys):
        fill()
        client.force_login(make_user(roles=roles))

        found = client.get("/admin/").context["attention"] or []

        assert (keys or set()) <= {it["item"].key for it in found}
        assert ("ending_posts" in {it["item"].key for it in found}) == bool(roles)

    def test_one_that_fails_leaves_the_others(self, client, root, monkeypatch):
        fill()

        def fail(user):
            raise ValueError("no")

        broken = attention.Item("x", "x", "x", User, fail)
        monkeypatch.setitem(attention._items, "x", broken)

        assert "failed_mails" in needed(client)

    def test_nothing_is_said_in_one_sentence(self, client, root):
        Profile.objects.update(manager=make_user(is_active=False))
        Profile.objects.update(department=make_department(head=root))
        Mail.objects.all().delete()
        make_document(root)

        assert "Nothing needs attention at the moment." in client.get("/admin/").content.decode()


class TestPeople:
    def test_invitations_wait_for_a_week_first(self, client, root):
        invite("week", days=7)
        invite("six", days=6)
        long_ago = timezone.now() - timedelta(days=9)  # when the mail server was down
        PasswordLink.objects.filter(user__username="six").update(made_at=long_ago)

        assert needed(client)["unanswered_invitations"] == (
            1,
            f"{PEOPLE}?attention=unanswered_invitations",
        )
        assert shown(client, f"{PEOPLE}?attention=unanswered_invitations") == {"week"}

    def test_an_answered_invitation_is_none(self, client, root):
        invite("week", days=7)
        user = User.objects.get(username="week")
        user.set_password("chosen-at-last")
        user.save()

        assert "unanswered_invitations" not in needed(client)

    def test_the_list_says_what_it_is_narrowed_to(self, client, root):
        says = "Needs attention: "

        assert (
            says + "Without a manager"
            in client.get(f"{PEOPLE}?attention=no_manager").content.decode()
        )
        assert says not in client.get(PEOPLE).content.decode()

    def test_a_manager_who_left_is_no_manager(self, client, root):
        boss = make_user("boss")
        Profile.objects.exclude(user=boss).update(manager=boss)
        assert shown(client, f"{PEOPLE}?attention=no_manager") == {"boss"}

        Profile.objects.filter(user=boss).update(departed_at=timezone.now())

        assert shown(client, f"{PEOPLE}?attention=no_manager") == {"root"}

    def test_the_leaver_who_left_needs_nothing(self, client, root):
        user = make_user()
        Profile.objects.filter(user=user).update(left_on=timezone.localdate())
        assert needed(client)["overdue_leavers"][0] == 1

        Profile.objects.filter(user=user).update(departed_at=timezone.now())
        User._base_manager.filter(pk=user.pk).update(is_active=False)

        assert "overdue_leavers" not in needed(client)

    def test_an_unknown_item_filters_nothing(self, client, root):
        assert shown(client, f"{PEOPLE}?attention=nothing") == {"root"}
