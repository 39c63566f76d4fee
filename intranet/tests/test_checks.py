import pytest
from django.core.checks import run_checks
from django.db import connection

from intranet import checks


def ids(**options):
    return {message.id for message in run_checks(**options)}


def test_default_settings_give_no_message():
    assert not any(name.startswith("intranet.") for name in ids())


class TestSender:
    def test_is_an_address(self, settings):
        settings.DEFAULT_FROM_EMAIL = "Intranet"

        assert "intranet.E003" in ids()


class TestMailLease:
    @pytest.mark.parametrize("timeout", [None, 300])
    def test_is_longer_than_the_server_may_take(self, settings, timeout):
        settings.EMAIL_TIMEOUT, settings.MAIL_LEASE = timeout, 300

        assert "intranet.W001" in ids()


class TestSiteUrl:
    def test_is_an_absolute_address(self, settings):
        settings.SITE_URL = "intranet.example.com"

        assert "intranet.E001" in ids()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
@pytest.mark.django_db(transaction=True)
class TestFolding:
    @pytest.fixture
    def ascii_database(self):
        name = f"{connection.settings_dict['NAME']}_ascii"
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
            )
        there = connection.copy()
        there.settings_dict["NAME"] = name
        yield there
        there.close()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")

    def test_needs_a_database_in_unicode(self, ascii_database, monkeypatch):
        assert "intranet.E004" not in ids(databases=["default"])

        monkeypatch.setattr(checks, "connections", {"default": ascii_database})

        assert "intranet.E004" in ids(databases=["default"])
