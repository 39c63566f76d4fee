from datetime import timedelta
from io import StringIO
from weakref import ReferenceType

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from intranet.management.commands.list_receivers import PAGE
from intranet.signals import DescribedSignal, work_due
from intranet.trace import counts, page, signal_map, wiring
from intranet.trace.models import ReceiverDay
from intranet.trace.signal_map import rows, signal_names
from intranet.trace.wiring import connect, connected, counted, disconnect, uid
from staff.models import Department, User
from staff.tests.factories import make_superuser, make_user


def greet(sender, **kwargs):
    """Greets whoever was saved.

    More than anybody wants to know.
    """


@pytest.fixture
def greeting():
    connect(post_save, greet, User, Department)
    yield
    disconnect(post_save, greet, User, Department)


def printed(*options):
    out = StringIO()
    call_command("list_receivers", *options, stdout=out)
    return out.getvalue().strip()


def live(signal):
    """Return the receivers that Django holds for a signal."""
    found = (reference for _, reference, *_ in signal.receivers)
    return {item() if isinstance(item, ReferenceType) else item for item in found}


class TestRows:
    def test_name_signal_senders_receiver_effect_and_file(self, greeting):
        row = next(row for row in rows() if row.receiver == "greet")

        assert row[:5] == (
            "post_save",
            "Department, User",
            "greet",
            "Greets whoever was saved.",
            "intranet/tests/test_signal_map.py",
        )

    def test_are_gone_with_their_connection(self, greeting):
        disconnect(post_save, greet, Department)
        assert [row.sender for row in rows() if row.receiver == "greet"] == ["User"]

        disconnect(post_save, greet, User)
        assert "greet" not in {row.receiver for row in rows()}

    def test_leave_out_no_receiver_of_the_floors(self):
        own = {
            (signal, function)
            for signal in signal_names()
            for function in (getattr(it, "receiver", it) for it in live(signal))
            if getattr(function, "__module__", "").startswith(("intranet.", "staff.", "documents."))
        }

        assert own == connected().keys()

    def test_leave_no_signal_of_the_floors_unheard(self):
        own = {signal for signal in signal_names() if isinstance(signal, DescribedSignal)}

        assert own == {signal for signal, _ in connected() if isinstance(signal, DescribedSignal)}

    def test_name_the_moment_for_each_kind_of_thing(self, greeting):
        row = next(row for row in rows() if row.receiver == "greet")

        assert row.moments == (
            "When a department is added or changed",
            "When a person is added or changed",
        )

    def test_hold_what_is_called_without_a_signal(self, monkeypatch):
        monkeypatch.setattr(wiring, "direct_effects", known := {})
        monkeypatch.setattr(signal_map, "direct_effects", known)
        wiring.direct("When a bell rings", "Opens the door.", greet)

        row = next(row for row in rows() if row.signal == "called")

        assert (row.receiver, row.effect, row.moments) == (
            "greet",
            "Opens the door.",
            ("When a bell rings",),
        )

    def test_hold_what_packages_connected(self):
        by_name = {row.receiver: row for row in rows()}

        assert by_name["update_last_login"].where == "django/contrib/auth/models.py"
        assert by_name["handle_post_save_access_attempt"].sender == "AccessAttempt"
        assert by_name["create_permissions"].is_inner

    def test_hold_the_engine_of_another_package(self, choose_engine):
        choose_engine("django-cleanup")

        read = [row for row in rows() if row.signal == "post_init"]

        assert "When a paper is read" in read[0].moments
        assert read[0].where == "django_cleanup/handlers.py"

    def test_say_what_is_done_and_when(self):
        assert [row for row in rows() if not row.effect] == []
        assert all(moment for row in rows() for moment in row.moments)


class TestCommand:
    def test_prints_a_table_with_every_receiver(self, greeting):
        assert "| `post_save` | Department, User | `greet` | Greets whoever" in printed()

    def test_the_page_of_signals_shows_what_it_prints(self):
        page = (settings.BASE_DIR / PAGE).read_text()

        assert printed() in page, "run: python manage.py list_receivers --write"


@pytest.mark.django_db
class TestPage:
    @pytest.fixture
    def content(self, client):
        """Return what shows the page to somebody."""

        def show(user, url="receivers"):
            client.force_login(user)
            return client.get(reverse(url)).content.decode()

        return show

    def test_is_open_to_whoever_is_told_what_happens(self, content):
        shown = content(make_user(roles=["HR"]))

        assert "When a person is added or changed" in shown
        assert "When the groups of a department change" in shown
        assert "When somebody leaves" in shown
        assert "Delivers the mails that are due." in shown

    def test_shows_the_code_to_superusers_alone(self, content):
        shown = content(make_superuser())

        assert all(row.receiver in shown for row in rows())
        assert "`" not in shown
        assert "create_profile" not in content(make_user(roles=["HR"]))

    def test_folds_away_what_only_prepares(self, greeting):
        shown, inner = page.moments()

        person = next(it for it in shown if it["title"] == "When a person is deleted")
        assert "remember_person" in {it["row"].receiver for it in person["inner"]}
        assert "remember_person" not in {it["row"].receiver for it in person["effects"]}
        assert "When the database is opened" in {it["title"] for it in inner}

    def test_says_how_often_it_ran(self, greeting, content):
        today = timezone.localdate()
        ReceiverDay.objects.create(
            receiver=uid(greet), day=today, runs=4, seconds=0.01, last_run_at=timezone.now()
        )

        shown = " ".join(content(make_superuser()).split())

        assert "Ran 4 times, last on" in shown
        assert "receivers.greet, 2.5 ms</code>" in shown or "2.5 ms</code>" in shown

    def test_leads_to_what_it_caused(self, greeting, content):
        ReceiverDay.objects.create(receiver=uid(greet), day=timezone.localdate(), runs=4)

        url = reverse("admin:intranet_action_changelist")
        assert f'href="{url}?cause={uid(greet)}"' in content(make_superuser())

    def test_shows_what_fails_and_the_first_page_leads_there(self, greeting, content):
        ReceiverDay.objects.create(
            receiver=uid(greet), day=timezone.localdate(), runs=4, failures=2, last_error="No bell."
        )

        hr = make_user("hr", roles=["HR"])
        shown = content(hr)

        assert "Greets whoever was saved." in shown
        assert "Failed 2 times on" in shown
        says = "1 thing that should happen by itself fails"
        assert says in content(hr, "admin:index")
        assert says not in content(make_user("ed", roles=["Editors"]), "admin:index")

    def test_shows_no_failure_of_the_day_before_yesterday(self, greeting, content):
        day = timezone.localdate() - timedelta(days=2)
        ReceiverDay.objects.create(receiver=uid(greet), day=day, runs=4, failures=2)

        assert "Failed 2 times on" not in content(make_superuser())

    def test_names_a_signal_that_nobody_hears(self, content, monkeypatch):
        monkeypatch.setattr(work_due, "receivers", [])

        shown = content(make_superuser())

        assert "Announced, but nothing follows from it" in shown
        assert "work_due" in shown

    def test_takes_as_many_queries_for_many_numbers(
        self, greeting, client, django_assert_num_queries
    ):
        client.force_login(make_superuser())
        client.get(reverse("receivers"))
        with CaptureQueriesContext(connection) as few:
            client.get(reverse("receivers"))
        connect(post_save, greet, User)
        counted(greet)(sender=User)
        counts.store()

        with django_assert_num_queries(len(few)):
            client.get(reverse("receivers"))

    def test_is_closed_to_others(self, client):
        client.force_login(make_user(roles=["Editors"]))

        assert client.get(reverse("receivers")).status_code == 403

    def test_sends_the_anonymous_to_sign_in(self, client):
        assert client.get(reverse("receivers")).url.startswith(reverse("admin:login"))
