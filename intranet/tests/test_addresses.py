"""One mailbox is one text, however somebody writes it, and mail gets there."""
# ruff: noqa: RUF001

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, send_mail

from intranet.addresses import deliverable, key, normalise
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import send
from intranet.tests.smtp import MailServer

SAME = {
    "ann@müller.de": [
        "ann@MÜLLER.de",
        "ann@mu\u0308ller.de",
        "ann@xn--mller-kva.de",
        "ann@XN--MLLER-KVA.DE",
        "ann@müller.de.",
        "ann@müller\u3002de",
        " ann@müller.de\u00a0",
        '"ann"@müller.de',
        "ann＠müller.de",
    ],
    "ann@example.com": ["ann@ＥＸＡＭＰＬＥ.com", "ａｎｎ@example.com", "ann@example\uff0ecom"],
    "ann@straße.de": ["ann@STRAẞE.de", "ann@xn--strae-oqa.de"],
    "jörg@example.com": ["JÖRG@example.com", "jo\u0308rg@example.com"],
    "a@例え.テスト": ["a@xn--r8jz45g.xn--zckzah", "a@例え。テスト"],
}
UNSEEN = {
    "\u200b": "zero width space",
    "\u00ad": "soft hyphen",
    "\ufeff": "zero width no-break space",
    "\u2060": "word joiner",
    "\u200c": "zero width non-joiner",
    "\u200d": "zero width joiner",
    "\u200e": "left-to-right mark",
    "\u202e": "right-to-left override",
    "\u2066": "left-to-right isolate",
    "\u2063": "invisible separator",
    "\u061c": "arabic letter mark",
    "\u180e": "mongolian vowel separator",
    "\ufe0f": "variation selector-16",
    "\U000e0100": "variation selector-17",
    "\U000e0061": "tag latin small letter a",
    "\u034f": "combining grapheme joiner",
    "\u3164": "hangul filler",
    "\u2800": "braille pattern blank",
    "\x08": "without a name",
    "\x7f": "without a name",
    "\x9f": "without a name",
}


class TestNormalise:
    @pytest.mark.parametrize(
        ("address", "written"), [(a, stored) for stored, same in SAME.items() for a in same]
    )
    def test_one_mailbox_is_one_text(self, address, written):
        assert normalise(address) == written
        assert normalise(written) == written

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a@straße.de", "a@strasse.de"),
            ("straße@example.com", "strasse@example.com"),
            ("a@οδος.gr", "a@οδοσ.gr"),
            ("mıke@example.com", "mike@example.com"),
            ("é@example.com", "e@example.com"),
        ],
    )
    def test_two_mailboxes_stay_two(self, one, other):
        assert key(one) != key(other)

    def test_capitals_before_the_at_are_kept_and_do_not_tell_people_apart(self):
        assert normalise("Ada@Example.COM") == "Ada@example.com"
        assert key("Ada@Example.COM") == key("ada@example.com")

    @pytest.mark.parametrize("character", UNSEEN)
    @pytest.mark.parametrize(
        "shape",
        ["{}ann@example.com", "an{}n@example.com", "ann@exa{}mple.com", "ann@example.com{}"],
    )
    def test_what_nobody_sees_is_refused_by_name_and_place(self, character, shape):
        with pytest.raises(ValidationError) as refusal:
            normalise(shape.format(character))

        before = shape.partition("{}")[0]
        assert f"U+{ord(character):04X}, {UNSEEN[character]}" in refusal.value.message
        assert (f"after “{before}”" if before else "at the beginning") in refusal.value.message

    @pytest.mark.parametrize("domain", ["i❤.ws", f"{'ü' * 70}.de", "-ü.de", "..ü", "ü ü.de"])
    def test_a_domain_that_cannot_be_is_refused_in_words(self, domain):
        with pytest.raises(ValidationError, match=f"There can be no “{domain}” after the @"):
            normalise(f"a@{domain}")

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "ann",
            "a@",
            "@",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@foo_bar.de",
            "a b@c.de",
            "a@xn--a.de",
            "a@xn--.de",
        ],
    )
    def test_other_faults_are_left_to_the_form(self, address):
        assert normalise(address) == address

    @pytest.mark.parametrize("letter", ["a", "é", "\u200b", "\ufdfa", "xn--"])
    def test_megabytes_are_not_looked_at(self, letter, monkeypatch):
        monkeypatch.setattr("intranet.addresses._refuse_unseen", None)

        with pytest.raises(ValidationError, match="at most 320 characters"):
            normalise(f"a@{letter * 2_000_000}.de")


class TestDeliverable:
    @pytest.mark.parametrize(
        ("recipient", "written"),
        [
            ("a@straße.de", "a@xn--strae-oqa.de"),
            ("Ann Müller <a@müller.de>", "Ann Müller <a@xn--mller-kva.de>"),
            ("a@example.com", "a@example.com"),
            ("a@i❤.ws", "a@i❤.ws"),
            ("nobody", "nobody"),
        ],
    )
    def test_a_domain_is_as_mail_servers_take_it(self, recipient, written):
        assert deliverable(recipient) == written


@pytest.fixture
def server(settings):
    server = MailServer()
    server.start()
    settings.MAIL_TRANSPORT = "intranet.outbox.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield server
    server.stop()


@pytest.mark.django_db
class TestMail:
    def test_it_goes_to_the_domain_that_was_written(self, server):
        send_mail("Hello", "Text", "us@faß.de", ["a@straße.de"])

        deliver_due()

        ((to, _, raw),) = server.received
        assert to == "a@xn--strae-oqa.de"
        assert b"To: a@xn--strae-oqa.de" in raw
        assert b"From: us@xn--fa-hia.de" in raw

    def test_the_outbox_shows_it_to_people(self):
        send_mail("Hello", "Text", "us@example.com", ["Ann <a@straße.de>"])

        assert Mail.objects.get().to == "a@straße.de"

    def test_blind_copies_and_answers_go_there_too(self, server):
        message = EmailMessage("Hello", "Text", bcc=["a@straße.de"], reply_to=["b@straße.de"])
        send([message])

        deliver_due()

        ((to, _, raw),) = server.received
        assert to == "a@xn--strae-oqa.de"
        assert b"To: a@xn--strae-oqa.de" in raw
        assert b"Reply-To: b@xn--strae-oqa.de" in raw
