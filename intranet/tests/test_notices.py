import logging

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.db import transaction

from intranet.outbox import notices
from intranet.outbox.models import Mail, Notice
from intranet.outbox.notices import admin_notices, notify_admins
from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from staff.models import User
from staff.tests.factories import make_superuser, make_user

from .outbox import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    root = make_superuser()
    Mail.objects.all().delete()
    return root


def make_listener(username, **fields):
    """Create somebody who is told what happens without being a superuser."""
    user = make_user(username, **fields)
    user.user_permissions.add(Permission.objects.get(codename="receive_notices"))
    return user


class TestNotifyAdmins:
    def test_every_admin_gets_one_notice_and_one_mail(self, root):
        hr = make_listener("hr")
        make_listener("gone", is_active=False)
        make_user("editor")
        Mail.objects.all().delete()

        notify_admins("Ada left")

        assert set(Notice.objects.values_list("recipient", flat=True)) == {root.pk, hr.pk}
        assert set(Mail.objects.values_list("to", flat=True)) == {root.email, hr.email}

    def test_names_the_actor(self, root):
        editor = make_user(first_name="Grace", last_name="Example")
        Mail.objects.all().delete()

        with begin(editor):
            notify_admins("Ada left")

        assert Notice.objects.get().actor == editor
        assert "Done by: Grace Example" in text_of(Mail.objects.get())

    @pytest.mark.parametrize("nobody", [None, AnonymousUser()])
    def test_without_an_actor_it_was_the_system(self, root, nobody):
        with begin(nobody):
            notify_admins("Ada left")

        assert Notice.objects.get().actor is None
        assert "Done by: the system" in text_of(Mail.objects.get())

    def test_an_actor_who_is_gone_leaves_the_notice_valid(self, root):
        actor = make_user()
        User.objects.filter(pk=actor.pk).delete()
        Mail.objects.all().delete()

        with begin(actor):
            notify_admins("Ada left")

        assert Notice.objects.get(message="Ada left").actor is None

    def test_the_detail_is_sanitised_and_readable_as_text(self, root):
        notify_admins("Ada left", detail="<p>One</p><ul><li>two</li></ul><script>x()</script>")

        assert Notice.objects.get().detail == "<p>One</p><ul><li>two</li></ul>"
        assert "One\n\n- two" in text_of(Mail.objects.get())

    def test_a_long_message_is_cut_and_given_in_full_in_the_detail(self, root):
        message = "Gone: " + "Ada <& Bob>, " * 50

        notify_admins(message, detail="<p>More</p>")

        notice = Notice.objects.get()
        assert len(notice.message) == 255
        assert notice.detail.count("Ada &lt;&amp; Bob&gt;,") == 50
        assert notice.detail.endswith("<p>More</p>")

    def test_the_mail_leads_to_the_page_or_to_all_that_was_done(self, root):
        notify_admins("Ada left", url="/admin/staff/user/")
        notify_admins("Bob left")

        assert Notice.objects.get(message="Ada left").url == "/admin/staff/user/"

        def reading(message):
            action = Notice.objects.get(message=message).action_id
            return f"https://intranet.test/admin/notices/{action}/"

        with_page, without = map(text_of, Mail.objects.order_by("pk"))
        assert f"{reading('Ada left')}?to=%2Fadmin%2Fstaff%2Fuser%2F" in with_page
        assert f"{reading('Bob left')}?to=%2Fadmin%2Fintranet%2Faction%2F" in without

    def test_says_when_it_was_mailed(self, root):
        User.objects.filter(pk=root.pk).update(email="not an address")
        notify_admins("Ada left")
        User.objects.filter(pk=root.pk).update(email="root@example.com")
        notify_admins("Bob left")

        assert Notice.objects.get(message="Ada left").mailed_at is None
        assert Notice.objects.get(message="Bob left").mailed_at is not None

    def test_names_its_action_and_what_caused_it(self, root, monkeypatch):
        monkeypatch.setattr(notices, "causes", lambda: ("app.receiver",))

        with begin(root) as act:
            notify_admins("Ada left")

        assert Action.objects.filter(pk=act.id).exists()
        for row in (Notice.objects.get(), Mail.objects.get()):
            assert (row.action_id, row.cause) == (act.id, "app.receiver")

    def test_is_logged_once_committed(self, root, caplog, django_capture_on_commit_callbacks):
        with caplog.at_level(logging.INFO), django_capture_on_commit_callbacks(execute=True):
            notify_admins("Ada left")
            assert not caplog.text

        assert "Ada left (by the system)" in caplog.text

    def test_can_be_paused(self, root):
        with admin_notices.paused():
            notify_admins("Ada left")

        assert not Notice.objects.exists()
        assert not Mail.objects.exists()

    def test_a_rollback_leaves_nothing(self, root):
        with pytest.raises(KeyError), transaction.atomic():
            notify_admins("Ada left")
            raise KeyError

        assert not Notice.objects.exists()
        assert not Mail.objects.exists()

    def test_more_admins_take_no_more_queries(self, root, django_assert_num_queries):
        with begin(root), django_assert_num_queries(8):
            notify_admins("Ada left")
        for number in range(10):
            make_superuser(f"root{number}")
        with begin(root), django_assert_num_queries(8):
            notify_admins("Bob left")


class TestTellingTogether:
    """All that a batch tells somebody is one notice and one mail."""

    def test_names_the_first_and_lists_all(self, root):
        with batched():
            notify_admins("Ada left", detail="<p>For good</p>", url="/admin/staff/user/")
            notify_admins("Bob <b> left")
            assert not Notice.objects.exists()

        notice = Notice.objects.get()
        assert (notice.message, notice.url) == ("Ada left; Bob <b> left", "/admin/staff/user/")
        assert ">Ada left</a></h3><p>For good</p>" in notice.detail
        assert "<h3>Bob &lt;b&gt; left</h3>" in notice.detail
        mail = Mail.objects.get()
        assert mail.subject == notice.message
        assert "Ada left (https://intranet.test/admin/staff/user/)\n\nFor good" in text_of(mail)

    def test_one_thing_stays_as_it_is(self, root):
        with batched():
            notify_admins("Ada left", detail="<p>For good</p>")

        assert (Notice.objects.get().message, Notice.objects.get().detail) == (
            "Ada left",
            "<p>For good</p>",
        )

    def test_a_long_message_leaves_room(self, root):
        with batched():
            notify_admins("Gone: " + "Ada <& Bob>, " * 50)
            notify_admins("Bob left")

        notice = Notice.objects.get()
        assert len(notice.message) <= 255
        assert notice.message.endswith("… and 1 more")
        assert notice.detail.count("Ada &lt;&amp; Bob&gt;,") == 50

    def test_others_are_told_what_concerns_them(self, root):
        head, gone = make_user("head"), make_user("gone", is_active=False)
        Mail.objects.all().delete()
        with batched():
            notify_admins("Ada left", also=[head, gone, root])
            notify_admins("Bob left")

        told = {notice.recipient: notice.message for notice in Notice.objects.all()}
        assert told == {root: "Ada left; Bob left", head: "Ada left"}
        assert set(Mail.objects.values_list("to", "subject")) == {
            (root.email, "Ada left; Bob left"),
            (head.email, "Ada left"),
        }

    def test_whoever_is_deleted_meanwhile_is_told_nothing(self, root):
        head = make_user("head")
        with batched():
            notify_admins("Ada left", also=[head])
            User.objects.filter(pk=head.pk).delete()

        assert {notice.recipient for notice in Notice.objects.all()} == {root}

    def test_what_is_rolled_back_is_not_told(self, root):
        with batched():
            notify_admins("Ada left")
            with pytest.raises(KeyError), transaction.atomic():
                notify_admins("Bob left")
                raise KeyError

        assert Notice.objects.get().message == "Ada left"

    def test_where_there_is_nobody_to_tell_nothing_is_written(self):
        with begin(None) as act:
            notify_admins("Ada left")

        assert not Action.objects.filter(pk=act.id).exists()

    def test_two_batches_tell_twice(self, root):
        for _ in range(2):
            with batched():
                notify_admins("Ada left")

        assert Notice.objects.count() == Mail.objects.count() == 2
