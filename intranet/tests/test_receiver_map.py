from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models.signals import post_save
from django.urls import reverse

from intranet.management.commands.list_receivers import BLOCK, PAGE
from intranet.trace.signal_map import connections
from staff.models import Department, User
from staff.tests.factories import make_superuser, make_user


def greet(sender, **kwargs):
    """Greets whoever was saved.

    More than anybody wants to know.
    """


@pytest.fixture
def connected():
    for model in (User, Department):
        post_save.connect(greet, sender=model, dispatch_uid=f"test.{model}")
    yield
    for model in (User, Department):
        post_save.disconnect(sender=model, dispatch_uid=f"test.{model}")


def printed(*options):
    out = StringIO()
    call_command("list_receivers", *options, stdout=out)
    return out.getvalue().strip()


class TestConnections:
    def test_name_signal_senders_receiver_effect_and_file(self, connected):
        row = next(row for row in connections() if row.receiver == "greet")

        assert (row.signal, row.sender) == ("post_save", "Department, User")
        assert (row.effect, row.where) == (
            "Greets whoever was saved.",
            "intranet/tests/test_receiver_map.py",
        )

    def test_of_this_project_all_say_what_they_do(self):
        assert [row for row in connections() if not row.effect or row.sender == "another"] == []

    def test_of_other_packages_are_left_out(self):
        assert "update_last_login" not in {row.receiver for row in connections()}
        assert "update_last_login" in {row.receiver for row in connections(everything=True)}


class TestCommand:
    def test_prints_a_table_with_every_receiver(self, connected):
        assert "| `post_save` | Department, User | `greet` | Greets whoever" in printed()

    def test_the_page_of_signals_shows_what_it_prints(self):
        block = BLOCK.search((settings.BASE_DIR / PAGE).read_text())[0]

        assert printed() in block, "run: python manage.py list_receivers --write"


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

        assert all(row.receiver in page for row in connections())

    def test_is_closed_to_others(self, client):
        client.force_login(make_user(roles=["Editors"]))

        assert client.get(reverse("receivers")).status_code == 403

    def test_sends_the_anonymous_to_sign_in(self, client):
        assert client.get(reverse("receivers")).url.startswith(reverse("admin:login"))
