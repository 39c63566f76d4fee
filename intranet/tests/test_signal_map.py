from io import StringIO
from weakref import ReferenceType

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models.signals import post_save
from django.urls import reverse

from intranet.management.commands.list_receivers import PAGE
from intranet.signals import DescribedSignal
from intranet.trace.page import when
from intranet.trace.signal_map import rows, signal_names
from intranet.trace.wiring import connect, connected, disconnect
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

        assert row == (
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

    def test_say_what_is_done_and_when(self):
        assert [row for row in rows() if not row.effect] == []
        assert all(when(signal) for signal, _ in connected())


class TestCommand:
    def test_prints_a_table_with_every_receiver(self, greeting):
        assert "| `post_save` | Department, User | `greet` | Greets whoever" in printed()

    def test_the_page_of_signals_shows_what_it_prints(self):
        page = (settings.BASE_DIR / PAGE).read_text()

        assert printed() in page, "run: python manage.py list_receivers --write"


@pytest.mark.django_db
class TestPage:
    def test_is_open_to_whoever_is_told_what_happens(self, client):
        client.force_login(make_user(roles=["HR"]))

        page = client.get(reverse("receivers")).content.decode()

        assert "After a person is saved" in page
        assert "Before a paper or profile is saved" in page
        assert "When the groups of a department change" in page
        assert "When somebody leaves" in page

    def test_shows_every_receiver_to_a_superuser(self, client):
        client.force_login(make_superuser())

        page = client.get(reverse("receivers")).content.decode()

        assert all(row.receiver in page for row in rows())
        assert "`" not in page

    def test_is_closed_to_others(self, client):
        client.force_login(make_user(roles=["Editors"]))

        assert client.get(reverse("receivers")).status_code == 403

    def test_sends_the_anonymous_to_sign_in(self, client):
        assert client.get(reverse("receivers")).url.startswith(reverse("admin:login"))
