"""What stands in the column of passwords: a hash, or the mark of having none; never the text."""

import pytest
from django.contrib.auth.hashers import make_password
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import F, Value

from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from staff.models import User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db

CLEAR = [
    "some text",
    "",
    " ",
    "pa$$word",
    "a$b$c$d",
    "!secret",
    "!",
    "x" * 32,
    "md5$",
    "md5$only",
    "pbkdf2_sha256$secret",
    "pbkdf2_sha256$many$salt$hash",
    "unknown$1$salt$hash",
    "md5$salt$",
    "md5$" + "x" * 40,
]
NEW = {"username": "ada", "email": "ada@example.com", "is_staff": True}


def stored():
    return User.objects.values_list("password", flat=True).get(username="ada")


def has_none(password):
    return password.startswith("!") and len(password) == 41


@pytest.mark.parametrize("text", CLEAR)
class TestNoText:
    def test_create(self, text):
        user = User.objects.create(**NEW, password=text)

        assert has_none(stored())
        assert user.password == stored()
        assert not user.has_usable_password()

    def test_bulk_create(self, text):
        (user,) = User.objects.bulk_create([User(**NEW, password=text)])

        assert has_none(stored())
        assert user.password == stored()

    def test_bulk_create_of_those_who_are_there(self, text):
        make_user("ada")

        User.objects.bulk_create(
            [User(**NEW, password=text)],
            update_conflicts=True,
            unique_fields=["username"],
            update_fields=["password"],
        )

        assert has_none(stored())

    def test_bulk_update(self, text):
        user = make_user("ada")
        user.password = text

        User.objects.bulk_update([user], ["password"])

        assert has_none(stored())

    def test_update(self, text):
        make_user("ada")

        User.objects.update(password=text)

        assert has_none(stored())

    @pytest.mark.parametrize("fields", [None, ["password"]])
    def test_save(self, text, fields):
        user = make_user("ada")
        user.password = text

        user.save(update_fields=fields)

        assert has_none(stored())
        assert user.password == stored()

    def test_get_or_create_and_update_or_create(self, text):
        User.objects.get_or_create(username="ada", defaults={**NEW, "password": text})
        first = stored()
        User.objects.update_or_create(username="ada", defaults={"password": text})

        assert has_none(first)
        assert has_none(stored())

    def test_loaddata(self, text, tmp_path):
        fixture = tmp_path / "people.json"
        fixture.write_text(serializers.serialize("json", [User(pk=7, **NEW, password=text)]))

        call_command("loaddata", fixture, verbosity=0)

        assert has_none(stored())


class TestExpressions:
    def test_a_text_in_an_expression_is_refused(self):
        make_user("ada")

        with pytest.raises(IntegrityError, match="user_password_is_no_text"), transaction.atomic():
            User.objects.update(password=Value("some text"))

    def test_a_column_of_text_is_refused(self):
        make_user("ada")

        with pytest.raises(IntegrityError, match="user_password_is_no_text"), transaction.atomic():
            User.objects.update(password=F("username"))


class TestHashes:
    @pytest.mark.parametrize(
        "hasher", ["pbkdf2_sha256", "pbkdf2_sha1", "scrypt", "argon2", "bcrypt_sha256", "md5"]
    )
    def test_what_hashers_make_stays(self, settings, hasher):
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
            "django.contrib.auth.hashers.Argon2PasswordHasher",
            "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        made = HASHES.get(hasher) or make_password("secret", hasher=hasher)

        User.objects.create(**NEW, password=made)

        assert stored() == made

    def test_the_mark_of_having_none_stays(self):
        none = make_password(None)

        User.objects.create(**NEW, password=none)
        User.objects.get().save()

        assert stored() == none

    def test_a_text_is_hashed_where_it_is_meant_to_be(self):
        make_user("ada")

        assert User.objects.get().check_password("secret")

    def test_nothing_is_hashed_to_find_out(self, monkeypatch):
        monkeypatch.setattr("hashlib.pbkdf2_hmac", None)

        User.objects.bulk_create(
            User(username=f"ada{n}", email=f"ada{n}@example.com", password="text") for n in range(3)
        )

        assert User.objects.count() == 3

    def test_looking_for_one_changes_nothing_of_it(self):
        user = make_user("ada")

        assert User.objects.get(password=user.password) == user
        assert not User.objects.filter(password="").exists()


HASHES = {
    "argon2": "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$mKIO4lYvnhUsYrGm2aRTEg",
    "bcrypt_sha256": "bcrypt_sha256$$2b$12$RZ4ROFrfnPGEvBASbcdTm.tpB1WbbbRZZf5kuH0S9ULxjLhXwR6LK",
}


class TestWelcome:
    def test_who_was_given_a_text_gets_a_link(self):
        User.objects.create(**NEW, password="some text")

        assert "/admin/password_reset/" in text_of(Mail.objects.get())

    def test_who_was_given_a_hash_signs_in_with_it(self, client):
        User.objects.create(**NEW, password=make_password("secret"))

        assert "/admin/password_reset/" not in text_of(Mail.objects.get())
        assert client.login(username="ada", password="secret")

    def test_the_link_works(self, client):
        User.objects.create(**NEW, password="some text")
        url = next(w for w in text_of(Mail.objects.get()).split() if "/password_reset/" in w)

        page = client.get(url.removeprefix("https://intranet.test"), follow=True)

        assert "New password" in page.content.decode()

    def test_nobody_signs_in_with_it(self, client):
        User.objects.create(**NEW, password="some text")

        assert not client.login(username="ada", password="some text")
