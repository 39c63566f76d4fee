import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from intranet.outbox.models import Notice
from intranet.tests.pages import confirmed
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


def page(notice):
    return reverse("admin:intranet_notice_change", args=[notice.pk])


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


class TestMarkAsReadButton:
    def button(self, notice):
        return reverse("admin:intranet_notice_mark_one_as_read", args=[notice.pk])

    def test_marks_the_notice_as_read(self, client, hr):
        notice = make_notice(hr)

        answer = confirmed(client, self.button(notice), {"post": "yes"})

        assert answer.status_code == 302
        assert not Notice.objects.unread().exists()

    def test_asks_first(self, client, hr):
        notice = make_notice(hr)

        assert "Mark as read" in client.get(self.button(notice)).content.decode()
        assert Notice.objects.unread().exists()

    def test_needs_a_token(self, hr):
        notice, client = make_notice(hr), Client(enforce_csrf_checks=True)
        client.force_login(hr)

        answer = client.post(self.button(notice), {"post": "yes"})

        assert answer.status_code == 403
        assert Notice.objects.unread().exists()

    def test_does_not_reach_other_peoples_notices(self, client, hr):
        notice = make_notice(make_superuser())

        confirmed(client, self.button(notice), {"post": "yes"})

        assert Notice.objects.unread().exists()

    @pytest.mark.parametrize(("read_at", "offered"), [(None, True), (timezone.now(), False)])
    def test_is_on_the_page_of_an_unread_notice_only(self, client, hr, read_at, offered):
        notice = make_notice(hr, read_at=read_at)

        html = client.get(page(notice)).content.decode()

        assert (self.button(notice) in html) == offered
