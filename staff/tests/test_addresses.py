"""One mailbox is one person, on every path on which addresses are stored."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from intranet.tests.outbox import new_link
from intranet.tests.pages import confirmed, page, posted
from staff.models import User
from staff.tests.factories import make_superuser, make_user
from staff.tests.people_pages import act
from staff.tests.spellings import SPELLINGS, STORED, UNSEEN

pytestmark = pytest.mark.django_db


def leaving_today():
    """Return what the page of a leaving sends."""
    return {"post": "yes", "left_on": str(timezone.localdate()), "successor": "", "note": ""}


def create(address):
    User.objects.create(username="new", email=address)


def create_user(address):
    User.objects.create_user("new", address)


def bulk_create(address):
    User.objects.bulk_create([User(username="new", email=address)])


def save(address):
    user = make_user("new")
    user.email = address
    user.save()


def save_that_field(address):
    user = make_user("new")
    user.email = address
    user.save(update_fields=["email"])


def update(address):
    User.objects.filter(pk=make_user("new").pk).update(email=address)


def bulk_update(address):
    user = make_user("new")
    user.email = address
    User.objects.bulk_update([user], ["email"])


def update_or_create(address):
    User.objects.update_or_create(username="new", defaults={"email": address})


def deserialize(address):
    text = serializers.serialize("json", [User(pk=999, username="new", email=address)])
    next(serializers.deserialize("json", text)).save()


def createsuperuser(address):
    call_command("createsuperuser", "--noinput", username="new", email=address)


PATHS = [create, create_user, bulk_create, save, save_that_field, update, bulk_update]
PATHS += [update_or_create, deserialize, createsuperuser]


@pytest.mark.parametrize("path", PATHS)
class TestEveryPath:
    @pytest.mark.parametrize("spelling", SPELLINGS[:2])
    def test_stores_one_spelling(self, path, spelling):
        path(spelling)

        assert User.objects.get(username="new").email.lower() == STORED

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_refuses_a_second_account(self, path, spelling):
        make_user("ann", email=STORED)

        with pytest.raises((IntegrityError, CommandError)), transaction.atomic():
            path(spelling)

        assert User.objects.at_address(STORED).count() == 1

    @pytest.mark.parametrize("address", UNSEEN)
    def test_refuses_what_nobody_sees(self, path, address):
        errors = (ValidationError, CommandError, serializers.base.DeserializationError)

        with pytest.raises(errors, match="nobody sees"), transaction.atomic():
            path(address)

    def test_keeps_sharp_s_apart(self, path):
        make_user("ann", email="ann@strasse.de")

        path("ann@straße.de")

        assert User.objects.get(username="new").email == "ann@straße.de"


class TestStoring:
    def test_the_object_holds_what_the_row_does(self):
        user = User.objects.create(username="new", email=SPELLINGS[0])

        assert user.email == STORED

    def test_asking_finds_them_however_it_is_written(self):
        ann = make_user("ann", email=STORED)

        assert User.objects.get(email=SPELLINGS[0]) == ann
        assert User.objects.get(email__in=["x@example.com", SPELLINGS[0]]) == ann
        assert User.objects.get_or_create(email=SPELLINGS[0]) == (ann, False)
        assert not User.objects.filter(email=UNSEEN[0]).exists()

    def test_capitals_do_not_matter_before_the_at_in_any_alphabet(self):
        make_user("ann", email="jörg@example.com")

        with pytest.raises(IntegrityError):
            make_user("other", email="JÖRG@example.com")

    def test_loaddata_says_what_is_wrong(self, tmp_path):
        fixture = tmp_path / "people.json"
        fixture.write_text(
            serializers.serialize("json", [User(pk=7, username="new", email=UNSEEN[0])])
        )

        with pytest.raises(serializers.base.DeserializationError, match="nobody sees"):
            call_command("loaddata", fixture, verbosity=0)


class TestRowsThatWereKept:
    """Of two people with one mailbox, both rows stay, and nothing but the address is in the way."""

    @pytest.fixture
    def odd(self):
        odd = make_user("odd")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE staff_user SET email = %s WHERE id = %s", [UNSEEN[0], odd.pk])
        return User.objects.get(pk=odd.pk)

    def test_they_sign_in(self, client, odd):
        login = {"username": "odd", "password": "secret"}

        response = client.post(reverse("admin:login"), login, follow=True)

        assert response.context["user"] == odd

    def test_they_choose_a_password(self, client, odd):
        link = new_link(odd).removeprefix("https://intranet.test")
        form = client.get(link, follow=True).request["PATH_INFO"]

        client.post(form, dict.fromkeys(["new_password1", "new_password2"], "pear tree lane 7"))

        assert client.login(username="odd", password="pear tree lane 7")

    @pytest.mark.parametrize("action", ["deactivate", "leaves"])
    def test_they_are_switched_off(self, client, odd, action):
        client.force_login(make_superuser())

        act(client, action, odd, **leaving_today())

        assert not User.objects.get(pk=odd.pk).is_active

    def test_their_page_asks_for_another_address(self, client, odd):
        client.force_login(make_superuser())
        form = posted(client.get(page(odd)), last_name="Odd")

        refused = confirmed(client, page(odd), form)
        confirmed(client, page(odd), form | {"email": "odd@example.com"})

        assert "There is a character nobody sees" in refused.content.decode()
        assert User.objects.get(pk=odd.pk).email == "odd@example.com"


FILL = """
from django.core.management import call_command
from django.db import connection
call_command("migrate", "staff", "0004", verbosity=0)
people = [
    ("zero", "zero@example.com\\u200b", "clear text"),
    ("puny", "puny@xn--mller-kva.de", "pa$$word"),
    ("bare", "bare@example.com", ""),
    ("hash", "Hash@Example.com", "pbkdf2_sha256$1$salt$" + "h" * 44),
    ("none", "none@example.com", "!" + "a" * 40),
    ("twin1", "twin@example.com", "!" + "b" * 40),
    ("twin2", "twin@exam\\u00adple.com", "!" + "c" * 40),
    ("pair1", "pair@xn--strae-oqa.de", "!" + "d" * 40),
    ("pair2", "pair@straße.de", "!" + "e" * 40),
    ("odd", "odd@i❤.ws", "!" + "f" * 40),
]
with connection.cursor() as cursor:
    for name, email, password in people:
        cursor.execute(
            "INSERT INTO staff_user (username, email, password, first_name, last_name, is_staff,"
            " is_active, is_superuser, date_joined)"
            " VALUES (%s, %s, %s, '', '', %s, %s, %s, %s)",
            [name, email, password, False, True, False, "2026-01-01 00:00+00:00"],
        )
call_command("migrate", verbosity=0)
from staff.models import User
for user in User.objects.order_by("username"):
    print(user.username, ascii(user.email), user.password[:4], len(user.password))
"""


@pytest.mark.slow
def test_rows_from_before_are_rewritten_and_collisions_kept(tmp_path):
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", FILL]

    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True
    )

    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert {name: row[0].strip("'") for name, row in rows.items()} == {
        "bare": "bare@example.com",
        "hash": "Hash@example.com",
        "none": "none@example.com",
        "odd": r"odd@i\u2764.ws",
        "pair1": "pair@xn--strae-oqa.de",
        "pair2": r"pair@stra\xdfe.de",
        "puny": r"puny@m\xfcller.de",
        "twin1": "twin@example.com",
        "twin2": r"twin@exam\xadple.com",
        "zero": "zero@example.com",
    }
    assert all(rows[name][2] == "41" for name in ["zero", "puny", "bare"])
    assert rows["hash"][1:] == ["pbkd", "65"]
    assert rows["none"][1:] == ["!aaa", "41"]
    assert done.stderr.count("Two people have the mailbox") == 4
