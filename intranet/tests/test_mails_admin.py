from datetime import datetime

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from intranet.outbox.models import Mail
from intranet.tests.outbox import send
from staff.tests.factories import make_superuser, make_user

from .test_mail import message

pytestmark = pytest.mark.django_db
LIST = reverse("admin:intranet_mail_changelist")
FAILED, SENT, QUEUED = Mail.Status.FAILED, Mail.Status.SENT, Mail.Status.QUEUED


@pytest.fixture
def hr(client):
    hr = make_user("hr", roles=["HR"])
    Mail.objects.all().delete()
    client.force_login(hr)
    return hr


def make_mail(**fields):
    send([message()])
    mail = Mail.objects.latest("pk")
    Mail.objects.filter(pk=mail.pk).update(**fields)
    return mail


def send_again(client, *mails):
    chosen = {"action": "send_again", "_selected_action": [mail.pk for mail in mails]}
    return client.post(LIST, chosen, follow=True).content.decode()


def pages(mail):
    return [LIST, reverse("admin:intranet_mail_change", args=[mail.pk])]


class TestPages:
    def test_send_the_anonymous_to_the_sign_in_page(self, client):
        for page in pages(make_mail()):
            assert client.get(page).url.startswith(reverse("admin:login"))

    def test_are_closed_to_ordinary_staff(self, client):
        client.force_login(make_user())

        for page in pages(make_mail()):
            assert client.get(page).status_code == 403

    @pytest.mark.parametrize("fields", [{"roles": ["HR"]}, {"is_superuser": True}])
    def test_are_open_to_hr_and_superusers(self, client, fields):
        client.force_login(make_user(**fields))

        for page in pages(make_mail(error="450 Busy")):
            assert "450 Busy" in client.get(page).content.decode()

    @pytest.mark.parametrize(("status", "shown"), [(QUEUED, True), (SENT, False), (FAILED, False)])
    def test_say_when_a_mail_is_tried_next_while_it_waits(self, client, hr, status, shown):
        due = timezone.make_aware(datetime(2031, 5, 17))

        html = client.get(pages(make_mail(status=status, next_attempt_at=due))[1]).content.decode()

        assert ("17 May 2031" in html) == shown

    def test_let_nobody_add_change_or_delete(self, client):
        client.force_login(make_superuser())
        mail = make_mail()

        add = client.get(reverse("admin:intranet_mail_add"))
        change = client.post(pages(mail)[1], {"to": "eve@example.com"})
        delete = client.post(reverse("admin:intranet_mail_delete", args=[mail.pk]), {"post": "yes"})

        assert [add.status_code, change.status_code, delete.status_code] == [403] * 3

    def test_filter_and_search(self, client, hr):
        make_mail(to="ada@example.com", status=FAILED)
        make_mail(to="bob@example.com")

        for query in ({"status__exact": "failed"}, {"q": "ada@"}):
            html = client.get(LIST, query).content.decode()
            assert "ada@example.com" in html
            assert "bob@example.com" not in html

    def test_more_rows_take_no_more_queries(self, client, hr, django_assert_max_num_queries):
        make_mail()
        with django_assert_max_num_queries(50) as few:
            client.get(LIST)
        send([message() for _ in range(20)])

        with django_assert_max_num_queries(len(few)):
            client.get(LIST)


class TestSendAgain:
    def test_queues_failed_mails_as_if_they_were_new(self, client, hr):
        mail = make_mail(status=FAILED, attempts=100, error="550 Nobody")

        html = send_again(client, mail)

        mail.refresh_from_db()
        assert (mail.status, mail.attempts, mail.error) == (QUEUED, 0, "")
        assert mail.next_attempt_at <= timezone.now()
        assert "1 mail will be sent again." in html

    def test_leaves_all_others_as_they_are(self, client, hr):
        failed = make_mail(status=FAILED)
        sent = make_mail(status=SENT, attempts=1)

        html = send_again(client, failed, sent)

        sent.refresh_from_db()
        assert (sent.status, sent.attempts) == (SENT, 1)
        assert "1 mail had not failed: nothing was done there." in html

    def test_needs_the_right_to_change_mails(self, client):
        viewer = make_user()
        viewer.user_permissions.add(Permission.objects.get(codename="view_mail"))
        client.force_login(viewer)
        mail = make_mail(status=FAILED)

        html = send_again(client, mail)

        mail.refresh_from_db()
        assert mail.status == FAILED
        assert "will be sent again" not in html
