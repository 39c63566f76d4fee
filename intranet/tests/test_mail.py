import socket
from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.core.mail.utils import DNS_NAME
from django.db import transaction

from intranet.outbox.mail import compose, send
from intranet.outbox.models import Mail

pytestmark = pytest.mark.django_db
NOTICE = {"message": "Ada & Bob left", "actor": "Grace", "detail": "<p>x</p>", "detail_text": "x"}


def message(to="ada@example.com", subject="Hello", **fields):
    return EmailMessage(subject=subject, body="Text", to=[to], **fields)


def parsed(mail):
    return message_from_bytes(bytes(mail.message), policy=policy.default)


class TestOutboxBackend:
    def test_send_mail_writes_a_row_and_sends_nothing(self, mailoutbox):
        taken = send_mail("Hello", "Text", "Us <us@example.com>", ["Ada <ada@example.com>"])

        mail = Mail.objects.get()
        assert taken == 1
        assert (mail.to, mail.sender, mail.subject) == (
            "ada@example.com",
            "us@example.com",
            "Hello",
        )
        assert mail.status == Mail.Status.QUEUED
        assert mailoutbox == []

    def test_every_recipient_gets_a_row_with_a_message_id_of_its_own(self):
        send([message(cc=["bob@example.com"], bcc=["eve@example.com", "ada@example.com"])])

        mails = Mail.objects.order_by("to")
        assert [mail.to for mail in mails] == [
            "ada@example.com",
            "bob@example.com",
            "eve@example.com",
        ]
        assert len({mail.message_id for mail in mails}) == 3
        assert [parsed(mail)["Message-ID"] for mail in mails] == [mail.message_id for mail in mails]
        assert not any("eve@example.com" in str(parsed(mail)) for mail in mails)

    def test_the_message_id_names_the_site_without_a_look_up(self, monkeypatch):
        monkeypatch.setattr(socket, "getfqdn", lambda *args: pytest.fail("looked a name up"))
        monkeypatch.delattr(DNS_NAME, "_fqdn", raising=False)  # a look-up made earlier

        send([message()])

        assert Mail.objects.get().message_id.endswith("@intranet.test>")

    def test_a_rollback_takes_the_mails_along(self):
        with pytest.raises(KeyError), transaction.atomic():
            send([message()])
            raise KeyError

        assert not Mail.objects.exists()

    @pytest.mark.parametrize(
        "broken",
        [
            message(subject="Hello\r\nBcc: eve@example.com"),
            message(to="not an address"),
            message(to=f"{'a' * 400}@example.com"),
            message(from_email="a\n@example.com"),
            message(subject="lone surrogate \ud800"),
        ],
        ids=["line break in subject", "no @", "too long", "line break in sender", "surrogate"],
    )
    def test_a_message_that_cannot_be_built_keeps_no_other_back(self, broken, caplog):
        taken = send([message("bob@example.com"), broken, message("eve@example.com")])

        assert taken == 2
        assert set(Mail.objects.values_list("to", flat=True)) == {
            "bob@example.com",
            "eve@example.com",
        }
        assert "could not be written" in caplog.text

    def test_a_hundred_messages_take_few_queries(self, django_assert_max_num_queries):
        with django_assert_max_num_queries(4):
            send([message(f"person{number}@example.com") for number in range(100)])

    def test_the_callers_message_stays_as_it_was(self):
        original = message(headers={"message-id": "<mine@example.com>"})

        send([original])

        assert original.extra_headers == {"message-id": "<mine@example.com>"}
        assert parsed(Mail.objects.get()).get_all("Message-ID") == [Mail.objects.get().message_id]


class TestBlindCopies:
    ADDRESSES = ["ada@example.com", "bo@exämple.com"]

    def test_everybody_gets_a_message_that_names_nobody_else(self):
        message = EmailMultiAlternatives("Grüße", "Viele Grüße", bcc=self.ADDRESSES)
        message.attach_alternative("<p>Viele Grüße</p>", "text/html")

        assert send([message]) == 1

        rows = Mail.objects.order_by("to")
        assert [row.to for row in rows] == self.ADDRESSES
        letters = [parsed(row) for row in rows]
        assert [letter["To"] for letter in letters] == ["ada@example.com", "bo@xn--exmple-cua.com"]
        assert [letter["Message-ID"] for letter in letters] == [row.message_id for row in rows]
        assert len({row.message_id for row in rows}) == 2
        for letter in letters:
            assert letter["Subject"] == "Grüße"
            assert letter.get_body(["plain"]).get_content().strip() == "Viele Grüße"
            assert letter.get_body(["html"]).get_content().strip() == "<p>Viele Grüße</p>"

    def test_a_broken_address_keeps_no_other_back(self):
        send([EmailMessage("Hello", bcc=["ada@example.com", "a\nb@example.com", "nobody"])])

        assert Mail.objects.get().to == "ada@example.com"

    @pytest.mark.parametrize(
        "broken",
        ["a b@example.org", "a@b@example.org", "a@", "@example.org", "a@example", "a@exa mple.org"],
    )
    def test_a_broken_address_never_gets_into_the_outbox(self, broken):
        send([EmailMessage("Hello", bcc=["ada@example.com", broken])])

        assert Mail.objects.get().to == "ada@example.com"

    @pytest.mark.parametrize("good", ["Ada <a.b@example.org>", "a+b@exämple.org", "a@localhost"])
    def test_a_good_address_does(self, good):
        assert send([EmailMessage("Hello", bcc=[good])]) == 1

    def test_the_message_is_written_out_once_for_all(self, monkeypatch):
        built = []
        build = EmailMessage.message
        monkeypatch.setattr(EmailMessage, "message", lambda it: built.append(it) or build(it))

        send([EmailMessage("Hello", bcc=[f"person{number}@example.com" for number in range(300)])])

        assert (len(built), Mail.objects.count()) == (1, 300)


class TestCompose:
    def test_has_text_and_html_built_on_the_site_url(self):
        mail = compose("notice", "ada@example.com", NOTICE)

        html = mail.alternatives[0].content
        assert mail.alternatives[0].mimetype == "text/html"
        assert "https://intranet.test" in mail.body
        assert "https://intranet.test" in html

    def test_escapes_in_html_only(self):
        mail = compose("notice", ["ada@example.com"], NOTICE)

        assert mail.subject == "Ada & Bob left"
        assert "Ada & Bob left" in mail.body
        assert "Ada &amp; Bob left" in mail.alternatives[0].content

    def test_the_subject_is_one_line(self):
        mail = compose("notice", "ada@example.com", NOTICE | {"message": " Two\r\n  lines "})

        assert mail.subject == "Two lines"

    @pytest.mark.parametrize("url", ["", "https://intranet.test/admin/?a=1&b=2"])
    def test_the_button_is_there_when_it_leads_somewhere(self, url):
        mail = compose("notice", "ada@example.com", NOTICE | {"url": url})

        assert ("Open it" in mail.body) == bool(url)
        assert ("Open it" in mail.alternatives[0].content) == bool(url)
        assert url in mail.body

    def test_sends_itself_to_the_outbox(self):
        compose("notice", "ada@example.com", NOTICE).send()

        assert Mail.objects.get().to == "ada@example.com"
