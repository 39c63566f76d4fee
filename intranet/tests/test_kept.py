"""The text of a sent mail is kept for those who may see its reader, and no link in it works."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import make_post
from intranet.access.password_links import mail_link
from intranet.outbox.delivery import deliver_due
from intranet.outbox.kept import words
from intranet.outbox.mail import late_makers, queue
from intranet.outbox.models import Mail
from intranet.tests.outbox import send
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:intranet_mail_changelist")


@pytest.fixture(autouse=True)
def links(monkeypatch, mailoutbox):
    """Have a link made whenever a mail asks for one, and start with an empty outbox."""
    monkeypatch.setitem(late_makers, "link", lambda mail: "https://intranet.test/once/s3cret/")
    Mail.objects.all().delete()


def notice(**facts):
    return {"message": "Ada left", "detail": "", "detail_text": "", "actor": "Bob", **facts}


def delivered(to="ada@example.com", **facts) -> Mail:
    """Send a notice and return its row."""
    queue("notice", [to], notice(**facts))
    deliver_due()
    return Mail.objects.latest("pk")


def stored() -> str:
    """Return all that the table of mails holds, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM intranet_mail")
        cells = [cell for row in cursor.fetchall() for cell in row]
    return " ".join(str(bytes(it) if isinstance(it, memoryview) else it) for it in cells)


def show(client, mail):
    return client.get(reverse("admin:intranet_mail_change", args=[mail.pk]))


class TestText:
    def test_is_kept_when_the_mail_is_sent(self, mailoutbox):
        mail = delivered(detail_text="She takes her mug along.")

        assert "Ada left" in mail.text
        assert "She takes her mug along." in mail.text
        assert not mail.context

    def test_holds_no_link_that_works(self, mailoutbox):
        delivered(late={"url": "link"})

        assert "s3cret" in mailoutbox[-1].body
        assert "s3cret" not in stored()

    @pytest.mark.parametrize("template", ["welcome", "password_reset"])
    def test_holds_no_link_to_set_a_password(self, template, mailoutbox):
        mail_link(template, make_user("uma"))
        deliver_due()

        said = "".join(it.body for it in mailoutbox)
        [link] = re.findall(r"/admin/password_reset/\S+", said)
        assert link not in stored()
        assert "/password_reset/" not in stored()

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("see https://x.test/a/b?c=d.", "see https://x.test/…."),
            ("(https://x.test/once/t0ken/)", "(https://x.test/…)"),
            ("https://x.test", "https://x.test"),
            ("https://x.test/ and", "https://x.test and"),
            ("HTTPS://X.test?t0ken", "HTTPS://X.test/…"),
            ("https://t0ken@x.test/", "https://x.test"),
            ("https://x.test#t0ken, or", "https://x.test/…, or"),
            ("https://x.test/a'b\"c<d>e", "https://x.test/…"),
            ("https://[/t0ken", "https://[/…"),
            ("www.x.test/reset/t0ken.", "www.x.test/…."),
            ("x.test?t0ken", "x.test/…"),
            ("(/admin/password_reset/t0ken/)", "(/…)"),
            ("mailto:ada@x.test", "mailto:ada@x.test"),
            ("mailto:ada@x.test?body=t0ken", "mailto:ada@x.test/…"),
            (
                "Is it a.pdf? On 1/2/2030, 12:30, ada@x.test, x.test",
                "Is it a.pdf? On 1/2/2030, 12:30, ada@x.test, x.test",
            ),
            ("and/or 1/2", "and/or 1/2"),
        ],
    )
    def test_names_the_host_of_a_link_alone(self, said, kept):
        assert kept in delivered(detail_text=said).text.splitlines()

    def test_is_kept_of_a_mail_without_a_template(self):
        send([EmailMessage("Hello", "Über https://x.test/t0ken", to=["ada@example.com"])])
        deliver_due()

        assert Mail.objects.get().text == "Über https://x.test/…"

    def test_is_made_of_a_mail_in_html_alone(self):
        message = EmailMessage("Hello", '<p>Hi <a href="https://x.test/t0ken">you</a></p>')
        message.content_subtype, message.to = "html", ["ada@example.com"]
        send([message])
        deliver_due()

        assert Mail.objects.get().text == "Hi you (https://x.test/…)"

    def test_is_that_of_the_plain_part(self):
        message = EmailMultiAlternatives("Hello", "plain", to=["ada@example.com"])
        message.attach_alternative("<b>rich</b>", "text/html")
        message.attach("a.txt", "attached", "text/plain")
        send([message])
        deliver_due()

        assert Mail.objects.get().text == "plain"

    def test_that_cannot_be_read_does_not_keep_a_mail_back(self):
        send([EmailMessage("Hello", "x", to=["ada@example.com"])])
        raw = b"Content-Type: text/plain; charset=no-such\nTo: ada@example.com\n\n\xff"
        Mail.objects.update(message=raw)

        assert deliver_due() == {Mail.Status.SENT: 1}
        assert Mail.objects.get().error == ""

    def test_stays_away_as_long_as_the_mail_was_not_sent(self):
        queue("notice", ["ada@example.com"], notice())

        assert Mail.objects.get().text == ""
        assert "Ada left" in words(Mail.objects.get())

    def test_is_in_the_language_of_the_mail(self):
        queue("notice", {"ada@example.com": {"language": "de"}}, notice())
        deliver_due()

        assert Mail.objects.get().text

    def test_of_a_post_is_kept_for_each_reader(self):
        make_user("uma")
        make_post(body="<p>Party <a href='https://x.test/a'>here</a></p>", mail_audience=True)
        make_post("Now", mail_audience=True).publish_now()

        deliver_due()

        assert not [it for it in Mail.objects.filter(template="post") if not it.text]


class TestPage:
    @pytest.fixture
    def viewer(self, client):
        """Return what signs somebody in who may open the outbox, and has these rights besides."""

        def sign_in(*codenames):
            viewer = make_user("viewer")
            viewer.user_permissions.set(Permission.objects.filter(codename__in=codenames))
            Mail.objects.all().delete()
            client.force_login(viewer)

        return sign_in

    def test_shows_the_text_to_those_who_may_see_the_person(self, client, viewer):
        viewer("view_mail", "view_user")
        make_user("ada")

        assert "takes a mug" in show(client, delivered(detail_text="takes a mug")).text

    def test_shows_the_subject_alone_to_others(self, client, viewer):
        viewer("view_mail")
        make_user("ada")

        html = show(client, delivered(detail_text="takes a mug")).text

        assert "Ada left" in html
        assert "takes a mug" not in html

    def test_opens_to_those_who_may_see_the_person_without_the_outbox(self, client, viewer):
        viewer("view_user")
        make_user("ada")
        mail, other = delivered(detail_text="takes a mug"), delivered("eve@example.com")

        assert "takes a mug" in show(client, mail).text
        assert show(client, other).status_code == 403
        assert client.get(LIST).status_code == 403

    def test_shows_what_nobody_got_to_those_who_see_the_outbox(self, client, viewer):
        viewer("view_mail")

        mail = delivered("gone@example.com", detail_text="takes a mug")

        assert "takes a mug" in show(client, mail).text

    def test_finds_the_person_whatever_the_case_of_the_address(self, client, viewer):
        viewer("view_mail")
        make_user("ada")

        mail = delivered("ADA@example.com", detail_text="takes a mug")

        assert "takes a mug" not in show(client, mail).text

    def test_shows_markup_as_it_is(self, client, viewer):
        viewer("view_mail", "view_user")

        html = show(client, delivered(detail_text="<script>evil()</script>")).text

        assert "&lt;script&gt;evil()" in html
        assert "<script>evil()" not in html

    def test_says_when_nothing_was_kept(self, client, viewer):
        viewer("view_mail", "view_user")
        mail = delivered()
        Mail.objects.update(text="")

        assert "Not kept" in show(client, mail).text

    def test_shows_what_waits_with_a_note_in_place_of_the_link(self, client):
        client.force_login(make_superuser())
        Mail.objects.all().delete()
        later = timezone.now() + timedelta(hours=1)
        queue("notice", ["ada@example.com"], notice(late={"url": "link"}))
        Mail.objects.update(next_attempt_at=later)

        html = show(client, Mail.objects.get()).text

        assert "a link that works once stands here" in html
        assert "s3cret" not in html
