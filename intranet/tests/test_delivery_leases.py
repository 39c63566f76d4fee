"""Which mail a worker takes, for how long, and what the clock does to that."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from intranet.outbox import delivery
from intranet.outbox.delivery import deliver_due, end_old_leases, settle
from intranet.outbox.models import Mail
from intranet.tests.outbox import FAILED, QUEUED, SENDING, SENT, lease, make_due, queue

pytestmark = pytest.mark.django_db
renumbering = import_module("intranet.migrations.0040_mail_priority_of_invitations")


class TestLease:
    def test_takes_the_mail_that_has_been_due_for_longest(self, settings, stop_clock):
        settings.MAIL_LEASE = 300
        _, second = queue("ada@example.com", "bob@example.com")
        earlier = timezone.now() - timedelta(hours=1)
        Mail.objects.filter(pk=second.pk).update(next_attempt_at=earlier)

        stop_clock()

        mail = lease()

        assert mail.pk == second.pk
        assert (mail.status, mail.attempts) == (SENDING, 1)
        assert mail.next_attempt_at == timezone.now() + timedelta(seconds=150)

    def test_leaves_what_is_leased_sent_failed_or_not_due(self):
        rows = queue("a@example.com", "b@example.com", "c@example.com", "d@example.com")
        later = timezone.now() + timedelta(hours=1)
        Mail.objects.filter(pk=rows[0].pk).update(status=SENDING, next_attempt_at=later)
        Mail.objects.filter(pk=rows[1].pk).update(status=SENT)
        Mail.objects.filter(pk=rows[2].pk).update(status=FAILED)
        Mail.objects.filter(pk=rows[3].pk).update(attempts=9, next_attempt_at=later)

        assert lease() is None

    def test_takes_a_lease_that_ran_out_twice(self):
        queue("ada@example.com")
        lease()
        make_due()

        end_old_leases()
        assert lease() is None
        make_due()
        end_old_leases()
        mail = lease()

        assert (mail.attempts, mail.lapsed) == (2, False)

    def test_takes_new_mail_before_that_which_failed(self):
        first, second = queue("ada@example.com", "bob@example.com")
        Mail.objects.filter(pk=first.pk).update(attempts=1)

        assert lease().pk == second.pk

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite's planner")
    def test_does_not_sort_all_that_waits(self):
        assert "TEMP B-TREE" not in Mail.objects.due()[:20].explain()

    def test_takes_a_link_before_everything_else(self):
        *_, last = queue("ada@example.com", "bob@example.com")
        Mail.objects.filter(pk=last.pk).update(priority=Mail.Priority.AWAITED, attempts=1)

        assert lease().pk == last.pk

    def test_of_what_waited_before_invitations_had_an_urgency_is_in_the_same_order(self):
        rows = queue("ada@example.com", "bob@example.com", "cem@example.com")
        for priority, row in enumerate(rows):  # what once were a link, a notice and a post
            Mail.objects.filter(pk=row.pk).update(priority=priority)
        order = Mail.objects.order_by("pk").values_list("priority", flat=True)

        here = SimpleNamespace(connection=connection)
        renumbering.make_room(apps, here)
        forward = list(order)
        renumbering.take_it_back(apps, here)

        assert forward == [Mail.Priority.AWAITED, Mail.Priority.NOTICE, Mail.Priority.POST]
        assert list(order.all()) == [0, 1, 2]

    def test_gives_back_what_was_not_begun(self):
        queue("ada@example.com", "bob@example.com", "cem@example.com")
        rows = Mail.objects.order_by("pk").values_list("pk", "status", "attempts")
        waiting = list(rows)[1:]

        outcomes = deliver_due(stopping=lambda: Mail.objects.filter(status=SENT).exists())

        assert outcomes == {SENT: 1}
        assert list(rows.filter(status=QUEUED)) == waiting

    def test_a_slow_server_holds_nothing_back_from_a_link(self, monkeypatch):
        queue("ada@example.com", "bob@example.com", "cem@example.com")
        monkeypatch.setattr(delivery, "HELD", -1)
        mails = delivery.taken(3)
        next(mails)
        [*_, link] = queue("dan@example.com")
        Mail.objects.filter(pk=link.pk).update(priority=Mail.Priority.AWAITED)

        assert next(mails).pk == link.pk


class TestSettle:
    def test_a_late_worker_does_not_overwrite(self, caplog):
        queue("ada@example.com")
        late = lease()
        for _ in range(2):
            make_due()
            end_old_leases()
        lease()

        settle(late, status=FAILED)

        assert Mail.objects.get().status == SENDING
        assert "took longer" in caplog.text


DAY = timedelta(days=1)


class TestClockSetBack:
    """What was to wait for a moment is a day ahead then."""

    def test_a_new_mail_goes_out(self):
        queue("ada@example.com")
        Mail.objects.update(next_attempt_at=timezone.now() + DAY)

        assert deliver_due() == {SENT: 1}

    def test_so_it_does_when_the_clock_went_back_by_minutes(self):
        queue("ada@example.com")
        Mail.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=20))

        assert deliver_due() == {SENT: 1}

    def test_a_mail_that_failed_before_is_tried_again(self):
        queue("ada@example.com")
        Mail.objects.update(attempts=1, next_attempt_at=timezone.now() + DAY)

        assert deliver_due() == {SENT: 1}

    def test_a_mail_that_waits_for_its_next_attempt_still_does(self):
        queue("ada@example.com")
        later = timezone.now() + timedelta(minutes=59)
        Mail.objects.update(attempts=20, next_attempt_at=later)

        assert deliver_due() == {}

    def test_a_mail_whose_worker_was_killed_is_taken_over_in_the_end(self):
        queue("ada@example.com")
        lease()
        Mail.objects.update(next_attempt_at=timezone.now() + DAY)

        assert deliver_due() == {}
        make_due()
        assert deliver_due() == {SENT: 1}


class TestClockJumpsWhileSending:
    @pytest.mark.parametrize("jump", [timedelta(minutes=10), DAY, -timedelta(minutes=10), -DAY])
    def test_no_other_worker_takes_the_mail(self, jump, monkeypatch):
        queue("ada@example.com")
        others, now = [], timezone.now

        def take_long(messages):
            monkeypatch.setattr(timezone, "now", lambda: now() + jump)
            others.extend([deliver_due(), deliver_due()])
            return 1

        transport = SimpleNamespace(open=lambda: None, close=lambda: None, send_messages=take_long)
        monkeypatch.setattr(delivery, "get_connection", lambda backend: transport)

        assert deliver_due() == {SENT: 1}
        assert others == [{}, {}]
        assert Mail.objects.get().attempts == 1

    def test_a_lease_that_ran_out_once_before_is_not_over_sooner(self):
        queue("ada@example.com")
        Mail.objects.update(lapsed=True)

        assert not lease().lapsed

    def test_a_worker_that_was_killed_meanwhile_is_replaced(self, monkeypatch):
        queue("ada@example.com")
        lease()
        now, jump = timezone.now, timedelta(minutes=10)
        monkeypatch.setattr(timezone, "now", lambda: now() + jump)
        assert deliver_due() == {}
        jump += timedelta(seconds=151)

        assert deliver_due() == {SENT: 1}
