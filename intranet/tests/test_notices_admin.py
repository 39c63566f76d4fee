import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail, Notice
from intranet.outbox.notices import notify_admins
from intranet.tests.pages import page
from intranet.trace.action import begin
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:intranet_notice_changelist")


@pytest.fixture
def hr(client):
    hr = make_user("hr", roles=["HR"])
    client.force_login(hr)
    return hr


def make_notice(recipient, message="Ada left", **fields):
    return Notice.objects.create(recipient=recipient, message=message, **fields)


def act(client, action, *notices):
    chosen = {"action": action, "_selected_action": [notice.pk for notice in notices]}
    return client.post(LIST, chosen, follow=True).content.decode()


class TestPages:
    def test_send_the_anonymous_to_the_sign_in_page(self, client):
        notice = make_notice(make_superuser())

        for address in (LIST, page(notice)):
            assert client.get(address).url.startswith(reverse("admin:login"))

    def test_are_closed_to_ordinary_staff(self, client):
        client.force_login(make_user())
        notice = make_notice(make_superuser())

        for address in (LIST, page(notice)):
            assert client.get(address).status_code == 403

    def test_are_open_to_whoever_was_told_something(self, client):
        head = make_user()
        client.force_login(head)

        for address in (LIST, page(make_notice(head))):
            assert client.get(address).status_code == 200

    @pytest.mark.parametrize("fields", [{"roles": ["HR"]}, {"is_superuser": True}])
    def test_are_open_to_hr_and_superusers(self, client, fields):
        reader = make_user(**fields)
        client.force_login(reader)

        for address in (LIST, page(make_notice(reader))):
            assert "Ada left" in client.get(address).content.decode()

    def test_show_nobody_elses_notices_even_to_a_superuser(self, client, hr):
        notice = make_notice(hr)
        client.force_login(make_superuser())

        assert "Ada left" not in client.get(LIST).content.decode()
        assert client.get(page(notice)).status_code == 302

    def test_show_the_detail_as_rich_text_without_scripts(self, client, hr):
        notice = make_notice(hr, detail="<ul><li>One</li></ul><img src=x onerror=evil()>")

        html = client.get(page(notice)).content.decode()

        assert "<ul><li>One</li></ul>" in html
        assert "evil()" not in html

    @pytest.mark.parametrize(
        ("url", "shown"), [("/admin/staff/user/", True), ("javascript:evil()", False)]
    )
    def test_lead_to_the_page_concerned(self, client, hr, url, shown):
        notice = make_notice(hr, url=url)

        html = client.get(page(notice)).content.decode()

        assert (f'href="{url}">Open the page' in html) == shown

    def test_lead_nobody_to_a_page_that_is_closed_to_them(self, client):
        head = make_user("head")
        client.force_login(head)
        notice = make_notice(head, url="/admin/staff/user/1/change/")

        assert "Open the page" not in client.get(page(notice)).content.decode()

    def test_let_nobody_add_change_or_delete(self, client):
        root = make_superuser()
        client.force_login(root)
        notice = make_notice(root)

        add = client.get(reverse("admin:intranet_notice_add"))
        change = client.post(page(notice), {"message": "Nothing happened"})
        delete = client.post(
            reverse("admin:intranet_notice_delete", args=[notice.pk]), {"post": "yes"}
        )

        assert [add.status_code, change.status_code, delete.status_code] == [403] * 3

    @pytest.mark.parametrize(("read", "seen"), [("no", "New"), ("yes", "Old")])
    def test_filter_by_read_or_not(self, client, hr, read, seen):
        make_notice(hr, "New one")
        make_notice(hr, "Old one", read_at=timezone.now())

        html = client.get(LIST, {"read": read}).content.decode()

        assert [word for word in ("New", "Old") if f"{word} one" in html] == [seen]

    def test_more_rows_take_no_more_queries(self, client, hr, django_assert_max_num_queries):
        make_notice(hr, actor=make_user())
        with django_assert_max_num_queries(50) as few:
            client.get(LIST)
        for _ in range(10):
            make_notice(hr, actor=make_user())

        with django_assert_max_num_queries(len(few)):
            client.get(LIST)


class TestActions:
    def test_mark_as_read_says_how_many(self, client, hr):
        notices = [make_notice(hr), make_notice(hr), make_notice(hr, read_at=timezone.now())]

        html = act(client, "mark_as_read", *notices)

        assert not Notice.objects.unread().exists()
        assert "2 notices marked as read." in html

    def test_do_not_reach_other_peoples_notices(self, client, hr):
        notice = make_notice(make_superuser())

        act(client, "mark_as_read", notice)

        assert Notice.objects.unread().count() == 1

    def test_leave_the_notices_of_others_alone(self, client):
        client.force_login(make_user())

        act(client, "mark_as_read", make_notice(make_superuser()))

        assert Notice.objects.unread().count() == 1


class TestOpening:
    def test_marks_the_notice_as_read(self, client, hr):
        notice = make_notice(hr)

        shown = client.get(page(notice))

        assert not Notice.objects.unread().exists()
        assert "Ada left" in shown.content.decode()
        assert shown.context["original"].read_at, "the page says so as well"

    def test_keeps_the_time_it_was_read_first(self, client, hr):
        notice = make_notice(hr, read_at=timezone.now() - timedelta(days=1))

        client.get(page(notice))

        assert Notice.objects.get().read_at == notice.read_at

    def test_marks_no_other_notice(self, client, hr):
        make_notice(hr, "Bob left")
        notice, other = make_notice(hr), make_notice(make_superuser())

        client.get(page(notice))
        client.get(page(other))

        assert {it.message for it in hr.notices.unread()} == {"Bob left"}
        assert other in Notice.objects.unread()

    @pytest.mark.parametrize("key", ["0", "nothing", "1%00"])
    def test_nothing_is_no_error(self, client, hr, key):
        assert client.get(LIST + key + "/change/").status_code in (302, 404)

    @pytest.mark.parametrize("way", ["head", "prefetch"])
    def test_before_anybody_looks_marks_nothing(self, client, hr, way):
        address = page(make_notice(hr))

        if way == "head":
            client.head(address)
        else:
            client.get(address, headers={"Sec-Purpose": "prefetch;prerender"})

        assert Notice.objects.unread().exists()


class TestOpeningFromTheMail:
    @pytest.fixture
    def link(self, hr, mailoutbox):
        """Return the address in the mail about a notice that is about a page."""
        Mail.objects.all().delete()
        with begin(None):
            notify_admins("Ada left", url="/admin/staff/department/")
        deliver_due()
        return re.search(r"https://intranet.test(/admin/\S+)", mailoutbox[-1].body)[1]

    def test_marks_it_as_read_and_leads_to_the_page(self, client, hr, link):
        answer = client.get(link)

        assert answer.url == "/admin/staff/department/"
        assert not hr.notices.unread().exists()

    def test_leads_whoever_may_not_see_the_page_to_the_notice(self, client, hr, link):
        hr.groups.clear()

        assert client.get(link).url == page(hr.notices.get())

    def test_asks_strangers_to_sign_in_and_marks_nothing(self, client, hr, link):
        client.logout()

        assert client.get(link).url.startswith(reverse("admin:login"))
        assert hr.notices.unread().exists()

    def test_marks_nobody_elses_as_read(self, client, hr, link):
        client.force_login(make_user(roles=["HR"]))

        answer = client.get(link)

        assert answer.url.startswith("/admin/intranet/action/")
        assert hr.notices.unread().exists()

    @pytest.mark.parametrize("to", ["https://evil.test/", "//evil.test", "", "/admin/%00"])
    def test_leads_nowhere_else(self, client, hr, link, to):
        answer = client.get(link.partition("?")[0], {"to": to})

        assert answer.url.startswith("/admin/intranet/action/")
        assert hr.notices.unread().exists()


def test_are_sorted_by_no_column_that_is_not_offered(client):
    client.force_login(make_superuser())

    shown = client.get("/admin/intranet/notice/?o=3").context_data["cl"]

    assert shown.queryset.query.order_by == ("-pk",)
