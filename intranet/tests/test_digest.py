"""The daily mail of what needs attention: once, to each admin, of what is new to them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from intranet import attention, digest
from intranet.models import Digest, Mail, Trouble
from intranet.signals import long_work_due
from intranet.trace.models import ReceiverDay
from intranet.trace.phrases import phrase
from intranet.vetoes import Noted
from intranet.worker import Worker
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

from .outbox import letter, text_of

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 6, 7, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    """Return what sets the time; it is a Monday morning, late enough for the mail."""
    settings.DIGEST_HOUR = 6

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(MONDAY)
    return set_to


@pytest.fixture(autouse=True)
def items(monkeypatch):
    """Keep to two items; departments without a head are easy to make."""
    kept = {key: attention._items[key] for key in ("no_head", "failed_mails")}
    monkeypatch.setattr(attention, "_items", kept)
    return kept


@pytest.fixture
def root():
    return make_superuser(email="root@example.com")


def mailed(to="root@example.com") -> list[Mail]:
    return list(Mail.objects.filter(template="digest", to=to).order_by("pk"))


def named_in(mail) -> list[str]:
    """Return the names of the rows that a digest tells."""
    return [row["name"] for part in mail.context["parts"] for row in part["rows"]]


class TestDay:
    def test_tells_what_is_due_with_links(self, root):
        lab = make_department("Lab")

        assert digest.mail_due() == 1

        text = text_of(mailed()[0])
        assert "1 department without a head" in text
        assert "https://intranet.test/admin/staff/department/?attention=no_head" in text
        assert "- Lab" in text
        html = letter(mailed()[0]).get_body(("html",)).get_content()
        assert f"https://intranet.test/admin/staff/department/{lab.pk}/change/" in html

    def test_a_second_run_sends_nothing(self, root):
        make_department()
        digest.mail_due()
        make_department()

        assert digest.mail_due() == 0
        assert len(mailed()) == 1

    def test_nothing_new_is_not_mailed(self, root, clock):
        make_department()
        digest.mail_due()
        clock(MONDAY + timedelta(days=1))

        assert digest.mail_due() == 1
        assert len(mailed()) == 1

    def test_the_next_one_tells_what_is_new_alone(self, root, clock):
        make_department("Lab")
        digest.mail_due()
        make_department("Yard")
        clock(MONDAY + timedelta(days=1))
        digest.mail_due()

        assert [named_in(it) for it in mailed()] == [["Lab"], ["Yard"]]
        assert mailed()[1].subject == "1 thing needs attention"

    def test_missed_days_lose_nothing(self, root, clock):
        digest.mail_due()
        make_department("Lab")
        clock(MONDAY + timedelta(days=1))
        make_department("Yard")
        clock(MONDAY + timedelta(days=4))
        digest.mail_due()

        assert named_in(mailed()[0]) == ["Lab", "Yard"]

    def test_what_is_due_again_is_told_again(self, root, clock):
        lab = make_department("Lab")
        for day, head in enumerate([None, root, None]):
            lab.head = head
            lab.save()
            clock(MONDAY + timedelta(days=day))
            digest.mail_due()

        assert [named_in(it) for it in mailed()] == [["Lab"], ["Lab"]]

    def test_what_a_notice_told_is_left_out(self, root, items):
        failing = attention.Item("failing", "f", phrase("f"), ReceiverDay, Mail.objects.none)
        items["failing"] = failing.__class__(**{**vars(failing), "is_told": True})

        digest.mail_due()

        assert mailed() == []
        assert digest.keys_of(items["failing"], root) == []


class TestClock:
    @pytest.mark.parametrize(
        ("moment", "looks"),
        [
            (datetime(2027, 6, 7, 4, 59, tzinfo=UTC), 0),  # 05:59 in London
            (datetime(2027, 6, 7, 5, 0, tzinfo=UTC), 1),
            (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), 0),  # the clocks go forward
            (datetime(2027, 3, 28, 5, 0, tzinfo=UTC), 1),
            (datetime(2027, 10, 31, 5, 30, tzinfo=UTC), 0),  # and back
            (datetime(2027, 10, 31, 6, 0, tzinfo=UTC), 1),
            (datetime(2027, 6, 6, 23, 30, tzinfo=UTC), 0),  # 00:30 of the next day
        ],
    )
    def test_waits_for_the_hour(self, root, clock, moment, looks):
        clock(moment)

        assert digest.mail_due() == looks

    def test_a_day_of_23_or_25_hours_has_one(self, root, clock):
        for moment in (
            datetime(2027, 10, 30, 23, tzinfo=UTC),
            datetime(2027, 3, 28, 0, tzinfo=UTC),
        ):
            for hour in range(50):
                clock(moment + timedelta(hours=hour))
                make_department()
                digest.mail_due()

        assert len(mailed()) == 2 * 2

    def test_at_midnight_the_old_day_is_not_done_again(self, root, clock, settings):
        settings.DIGEST_HOUR = 0
        clock(datetime(2027, 6, 7, 23, 0, 1, tzinfo=UTC))  # just after midnight in London
        make_department()
        digest.mail_due()
        make_department()
        clock(datetime(2027, 6, 7, 22, 59, 59, tzinfo=UTC))  # another machine's clock

        assert digest.mail_due() == 0

    def test_a_clock_that_was_wrong_does_not_silence_it(self, root, clock):
        clock(MONDAY + timedelta(days=400))
        digest.mail_due()
        clock(MONDAY)

        assert digest.mail_due() == 1

    def test_can_be_switched_off(self, root, settings):
        settings.DIGEST_HOUR = None

        assert digest.mail_due() == 0


class TestWhom:
    def test_each_admin_and_nobody_else(self, root):
        make_department()
        make_user("reader", email="reader@example.com")
        make_superuser("off", is_active=False, email="off@example.com")
        make_user(roles=["HR"], email="hr@example.com")

        assert digest.mail_due() == 2
        assert {it.to for it in Mail.objects.filter(template="digest")} == {
            "root@example.com",
            "hr@example.com",
        }

    def test_each_only_what_they_may_see(self):
        make_department("Lab")
        Mail.objects.create(to="a@example.com", subject="Hello", message_id="1", status="failed")
        for codes in (["view_department"], ["view_mail"], []):
            user = make_user("_".join(["may", *codes]))
            codes = ["receive_notices", *codes]
            user.user_permissions.set(Permission.objects.filter(codename__in=codes))
        digest.mail_due()

        found = {it.to: named_in(it) for it in Mail.objects.filter(template="digest")}
        assert found == {
            "may_view_department@example.com": ["Lab"],
            "may_view_mail@example.com": ["Hello to a@example.com"],
        }

    def test_who_becomes_one_later_is_told_all(self, root, clock):
        make_department("Lab")
        digest.mail_due()
        clock(MONDAY + timedelta(hours=1))
        make_superuser("late", email="late@example.com")

        assert digest.mail_due() == 1
        assert named_in(mailed("late@example.com")[0]) == ["Lab"]

    def test_who_is_none_any_more_by_then_is_left_out(self, root):
        make_department()
        User._base_manager.filter(pk=root.pk).update(is_active=False)

        assert not digest.mail_news(root.pk)
        assert mailed() == []

    def test_each_in_their_language(self, root):
        User.objects.filter(pk=root.pk).update(language="de")
        make_department()
        digest.mail_due()

        assert mailed()[0].language == "de"

    def test_one_whose_mail_cannot_be_written_keeps_no_other_back(self, root):
        make_department()
        broken = make_superuser("broken", email="broken@example.com")
        User._base_manager.filter(pk=broken.pk).update(email="no address")

        with pytest.raises(Noted):
            digest.mail_due()
        digest.mail_due()

        assert len(mailed()) == 1
        assert not Digest.objects.filter(recipient=broken).exclude(day=None).exists()
        assert Trouble.objects.get(kind="digest").key == str(broken.pk)


class TestWorkers:
    def test_two_at_once_mail_once(self, root, monkeypatch):
        make_department()
        keys_of, others = digest.keys_of, []

        def read(item, admin):
            if not others:
                others.append("at it")
                others.append(digest.mail_news(admin.pk))
            return keys_of(item, admin)

        monkeypatch.setattr(digest, "keys_of", read)

        assert digest.mail_news(root.pk) is False
        assert others[1] is True
        assert len(mailed()) == 1

    @pytest.mark.django_db(transaction=True)
    def test_what_a_killed_one_had_begun_is_done_again(self, monkeypatch):
        root = make_superuser(email="root@example.com")
        make_department()

        def die(self, **kwargs):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Digest, "save", die)
            with pytest.raises(KeyboardInterrupt):
                digest.mail_news(root.pk)
        assert mailed() == []

        digest.mail_news(root.pk)

        assert len(mailed()) == 1

    def test_the_worker_does_it(self, root):
        from collections import Counter

        make_department()

        Worker().let_all_work(long_work_due, done := Counter())

        assert done["other"] == 1
        assert len(mailed()) == 1

    def test_an_item_that_fails_is_told_later(self, root, clock, items):
        make_department("Lab")
        digest.mail_due()
        working = items["no_head"]
        items["no_head"] = attention.Item(**{**vars(working), "rows": lambda user: 1 / 0})
        make_department("Yard")
        clock(MONDAY + timedelta(days=1))
        digest.mail_due()
        items["no_head"] = working
        clock(MONDAY + timedelta(days=2))
        digest.mail_due()

        assert [named_in(it) for it in mailed()] == [["Lab"], ["Yard"]]


def test_five_thousand_rows_are_counted_and_twenty_named(
    root, clock, django_assert_max_num_queries
):
    from staff.models import Department

    Department.objects.bulk_create(Department(name=f"D{number:04}") for number in range(5000))

    with django_assert_max_num_queries(40):
        digest.mail_due()
    mail = mailed()[0]
    clock(MONDAY + timedelta(days=1))
    digest.mail_due()

    assert mail.subject == "5,000 things need attention"
    assert "5,000 departments without a head" in text_of(mail)
    assert named_in(mail) == [f"D{number:04}" for number in range(20)]
    assert "and 4,980 more" in text_of(mail)
    assert len(mailed()) == 1
