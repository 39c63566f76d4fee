import socket
from email import message_from_bytes
from email.policy import default

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.core.mail.utils import DNS_NAME
from django.db import transaction

from intranet.outbox import mail as mail_module
from intranet.outbox.mail import compose, late_makers, queue, sample
from intranet.outbox.models import Mail
from intranet.outbox.written import written_out
from intranet.trace import action
from intranet.trace.action import begin, mark

from .outbox import letter, send, text_of

pytestmark = pytest.mark.django_db
NOTICE = {"message": "Ada & Bob left", "actor": "Grace", "detail": "<p>x</p>", "detail_text": "x"}


def message(to="ada@example.com", subject="Hello", **fields):
    return EmailMessage(subject=subject, body="Text", to=[to], **fields)


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
        assert [letter(mail)["Message-ID"] for mail in mails] == [mail.message_id for mail in mails]
        assert not any("eve@example.com" in str(letter(mail)) for mail in mails)

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
        assert letter(Mail.objects.get()).get_all("Message-ID") == [Mail.objects.get().message_id]


class TestBlindCopies:
    ADDRESSES = ["ada@example.com", "bo@exämple.com"]

    def test_everybody_gets_a_message_that_names_nobody_else(self):
        message = EmailMultiAlternatives("Grüße", "Viele Grüße", bcc=self.ADDRESSES)
        message.attach_alternative("<p>Viele Grüße</p>", "text/html")

        assert send([message]) == 1

        rows = Mail.objects.order_by("to")
        assert [row.to for row in rows] == self.ADDRESSES
        letters = [letter(row) for row in rows]
        assert [it["To"] for it in letters] == ["ada@example.com", "bo@xn--exmple-cua.com"]
        assert [it["Message-ID"] for it in letters] == [row.message_id for row in rows]
        assert len({row.message_id for row in rows}) == 2
        for it in letters:
            assert it["Subject"] == "Grüße"
            assert it.get_body(["plain"]).get_content().strip() == "Viele Grüße"
            assert it.get_body(["html"]).get_content().strip() == "<p>Viele Grüße</p>"

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


class TestQueue:
    def test_writes_a_row_for_each_address_with_a_message_id_of_its_own(self):
        rows = queue("notice", ["ada@example.com", "bo@exämple.com"], NOTICE)

        assert list(Mail.objects.order_by("pk")) == rows
        assert [row.to for row in rows] == ["ada@example.com", "bo@exämple.com"]
        assert [letter(row)["Message-ID"] for row in rows] == [row.message_id for row in rows]
        assert len({row.message_id for row in rows}) == 2
        assert [letter(row)["To"] for row in rows] == ["ada@example.com", "bo@xn--exmple-cua.com"]

    def test_keeps_what_it_says_and_renders_nothing_but_the_subject(self, monkeypatch):
        monkeypatch.setattr(EmailMessage, "message", lambda it: pytest.fail("rendered"))

        [row] = queue("notice", ["ada@example.com"], NOTICE)

        row.refresh_from_db()
        assert (row.template, row.context, bytes(row.message)) == ("notice", NOTICE, b"")
        assert row.subject == "Ada & Bob left"

    def test_each_address_can_have_what_is_its_own(self):
        rows = queue("notice", {"a@example.com": {"message": "One"}, "b@example.com": {}}, NOTICE)

        assert [row.subject for row in rows] == ["One", "Ada & Bob left"]
        assert ["One" in text_of(row) for row in rows] == [True, False]

    def test_the_subject_is_one_line_and_cut(self):
        [row] = queue("notice", ["a@example.com"], NOTICE | {"message": " Two\r\n  li\0nes " * 300})

        assert row.subject.startswith("Two lines Two")
        assert len(row.subject) == 998

    def test_a_broken_address_keeps_no_other_back(self, caplog):
        queue("notice", ["a\nb@example.com", "nobody", "ada@example.com"], NOTICE)

        assert Mail.objects.get().to == "ada@example.com"
        assert caplog.text.count("could not be written") == 2

    def test_the_sender_is_kept(self, settings):
        settings.DEFAULT_FROM_EMAIL = "Us <us@exämple.com>"

        [row] = queue("notice", ["ada@example.com"], NOTICE)

        assert row.sender == "us@exämple.com"
        assert letter(row)["From"] == "Us <us@xn--exmple-cua.com>"

    def test_many_take_no_more_queries_than_one(self, django_assert_num_queries):
        with begin(None):
            mark()
            with django_assert_num_queries(1):
                queue("notice", [f"p{number}@example.com" for number in range(50)], NOTICE)

    def test_nobody_takes_none(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert queue("notice", [], NOTICE) == []

    @pytest.mark.parametrize(
        "write",
        [lambda: queue("notice", ["a@example.com"], NOTICE), lambda: send([message()])],
        ids=["queue", "backend"],
    )
    def test_rows_name_their_action_and_their_cause(self, write, monkeypatch):
        monkeypatch.setattr(action, "causes", lambda: ("app.receiver",))

        with begin(None) as act:
            write()

        mail = Mail.objects.get()
        assert (mail.action_id, mail.cause) == (act.id, "app.receiver")

    def test_a_rollback_leaves_nothing(self):
        with pytest.raises(KeyError), transaction.atomic():
            queue("notice", ["ada@example.com"], NOTICE)
            raise KeyError

        assert not Mail.objects.exists()


class TestCompose:
    def compose(self, **facts):
        return compose(Mail(to="ada@example.com", template="notice", context=NOTICE | facts))

    def test_has_text_and_html_built_on_the_site_url(self):
        mail = self.compose()

        html = mail.alternatives[0].content
        assert mail.alternatives[0].mimetype == "text/html"
        assert "https://intranet.test" in mail.body
        assert "https://intranet.test" in html

    def test_says_that_it_is_written_by_a_machine(self):
        assert self.compose().message()["Auto-Submitted"] == "auto-generated"

    def test_escapes_in_html_only(self):
        mail = self.compose()

        assert "Ada & Bob left" in mail.body
        assert "Ada &amp; Bob left" in mail.alternatives[0].content

    @pytest.mark.parametrize("url", ["", "https://intranet.test/admin/?a=1&b=2"])
    def test_the_button_is_there_when_it_leads_somewhere(self, url):
        mail = self.compose(url=url)

        assert ("Open it" in mail.body) == bool(url)
        assert ("Open it" in mail.alternatives[0].content) == bool(url)
        assert url in mail.body

    def test_what_is_made_late_is_made_by_whoever_said_how(self, monkeypatch):
        monkeypatch.setitem(late_makers, "shout", lambda mail: f"HELLO {mail.to}")

        assert "HELLO ada@example.com" in self.compose(late={"url": "shout"}).body


class TestLanguages:
    def test_cost_one_subject_each_however_many_mails_there_are(self, monkeypatch):
        rendered = []
        subject = mail_module._subject
        monkeypatch.setattr(
            mail_module, "_subject", lambda *it: rendered.append(it[2]) or subject(*it)
        )

        queue(
            "notice",
            {f"p{i}@example.com": {"language": "de" if i % 2 else ""} for i in range(60)},
            NOTICE,
        )

        assert rendered == ["", "de"]
        assert Mail.objects.filter(language="de").count() == 30


class TestSample:
    def test_is_the_text_without_what_is_made_late(self, monkeypatch):
        monkeypatch.setitem(late_makers, "link", lambda mail: pytest.fail("made"))
        [row] = queue("notice", ["ada@example.com"], NOTICE | {"late": {"url": "link"}})

        subject, text = sample(row)

        assert subject == "Ada & Bob left"
        assert "Done by: Grace" in text
        assert "(a link that works once stands here)" in text

    def test_a_whole_message_has_none(self):
        send([message()])

        assert sample(Mail.objects.get()) == ("Hello", "")


class TestTold:
    def facts(self, body):
        Mail.objects.all().delete()
        queue("farewell", ["ada@example.com"], {"person": {"name": "Ada"}, "body": body})
        return Mail.told(Mail.objects.all()).facts

    def test_what_mails_say_is_compared_in_few_bytes(self, db):
        (said,), (other,) = self.facts("a" * 10_000), self.facts("b" * 10_000)

        assert said != other
        assert len(said) < 100


def parts(message):
    return [it.get_payload() for it in message.walk() if not it.is_multipart()]


class TestLetter:
    def test_is_to_the_last_byte_what_django_writes_but_for_the_order_of_lines(self):
        [mail] = queue("notice", ["ada@example.com"], NOTICE | {"message": "Größe\r\nund\n.\n"})
        letter = compose(mail)
        by_django = EmailMultiAlternatives.message(letter).as_bytes(linesep="\r\n")

        both = letter.message().as_bytes(linesep="\r\n"), by_django
        written, expected = (message_from_bytes(it, policy=default) for it in both)

        names = ["To", "From", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version"]
        assert parts(written) == parts(expected)
        assert [written[it] for it in names] == [expected[it] for it in names]
        assert sorted(written.keys()) == sorted(expected.keys())

    def test_has_lines_of_its_own_where_the_rest_is_the_same(self):
        rows = queue("notice", ["ada@example.com", "bob@münchen.example"], NOTICE)

        first, second = (message_from_bytes(compose(it).message().as_bytes()) for it in rows)

        assert (first["To"], second["To"]) == ("ada@example.com", "bob@xn--mnchen-3ya.example")
        assert [first["Message-ID"], second["Message-ID"]] == [it.message_id for it in rows]
        assert first.get_payload()[0].as_bytes() == second.get_payload()[0].as_bytes()

    def test_one_with_a_link_of_its_own_is_not_remembered(self, monkeypatch):
        monkeypatch.setitem(late_makers, "shout", lambda mail: f"HELLO {mail.to}")
        rows = queue(
            "notice", ["ada@example.com", "bob@example.com"], NOTICE | {"late": {"url": "shout"}}
        )
        written_out.cache_clear()

        said = [compose(it).message().as_bytes() for it in rows]

        assert b"HELLO ada@example.com" in said[0]
        assert b"HELLO bob@example.com" in said[1]
        assert written_out.cache_info().currsize == 0
