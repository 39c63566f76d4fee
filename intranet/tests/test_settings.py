"""What the settings promise, read back from the running thing."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db.utils import ConnectionHandler

SHOW = """
import django; django.setup()
from django.conf import settings
NAMES = "DEBUG ALLOWED_HOSTS SESSION_COOKIE_SECURE SECURE_HSTS_SECONDS SITE_URL FILE_REMOVAL_GRACE"
for name in [*NAMES.split(), "CACHES"]:
    print(name, getattr(settings, name))
"""


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3", reason="SQLite only"
)
class TestSQLite:
    @pytest.fixture
    def connection(self, tmp_path):
        """Connect to a file, as the site does, with the site's own options."""
        database = settings.DATABASES["default"] | {"NAME": tmp_path / "site.sqlite3"}
        connection = ConnectionHandler({"default": database})["default"]
        connection.inc_thread_sharing()
        yield connection
        connection.close()

    @pytest.mark.parametrize(
        ("pragma", "value"),
        [("journal_mode", "wal"), ("synchronous", 1), ("busy_timeout", 20_000)],
    )
    def test_the_connection_has_the_options(self, connection, django_db_blocker, pragma, value):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma}")

            assert cursor.fetchone()[0] == value

    def test_transactions_are_immediate(self, connection, django_db_blocker):
        with django_db_blocker.unblock():
            connection.ensure_connection()

            assert connection.transaction_mode == "IMMEDIATE"


class TestEnvironment:
    def shown(self, **environment):
        """Return the settings of a process that has nothing but `environment` set."""
        base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        base |= {"DJANGO_SETTINGS_MODULE": "intranet.settings"}
        output = subprocess.run(
            [sys.executable, "-c", SHOW],
            env=base | environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return dict(line.split(" ", 1) for line in output.splitlines())

    @pytest.mark.skipif((settings.BASE_DIR / ".env").exists(), reason="there is a .env")
    def test_unconfigured_means_development_on_loopback(self):
        shown = self.shown()

        assert shown["DEBUG"] == "True"
        assert shown["FILE_REMOVAL_GRACE"] == "0"
        assert set(eval(shown["ALLOWED_HOSTS"])) == {"localhost", "127.0.0.1", "[::1]"}

    def test_a_secret_key_means_production(self):
        shown = self.shown(SECRET_KEY="x" * 50, SITE_URL="https://intranet.example.com/")

        assert shown["DEBUG"] == "False"
        assert shown["FILE_REMOVAL_GRACE"] == "3600"
        assert shown["SESSION_COOKIE_SECURE"] == "True"
        assert int(shown["SECURE_HSTS_SECONDS"]) > 0
        assert "intranet.example.com" in shown["ALLOWED_HOSTS"]
        assert shown["SITE_URL"] == "https://intranet.example.com"

    def test_a_page_waits_for_a_redis_for_a_second_at_most(self):
        cache = eval(self.shown(RQ_URL="redis://127.0.0.1:1/0")["CACHES"])["progress"]

        assert cache["OPTIONS"] == {"socket_timeout": 1, "socket_connect_timeout": 1}
