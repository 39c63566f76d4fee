import pytest

from intranet.checks import apps, check_file_cleanup


def errors():
    return [error.id for error in check_file_cleanup(None)]


class TestFileCleanup:
    @pytest.fixture
    def django_cleanup(self, monkeypatch):
        """Installs the package, which cannot be done halfway through a process."""
        monkeypatch.setattr(apps, "is_installed", {"django_cleanup"}.__contains__)

    def test_receiver_alone_is_fine(self):
        assert errors() == []

    def test_django_cleanup_alone_is_fine(self, settings, django_cleanup):
        settings.FILE_CLEANUP = "django-cleanup"

        assert errors() == []

    def test_an_unknown_engine_is_an_error(self, settings):
        settings.FILE_CLEANUP = "broom"

        assert errors() == ["files.E001"]

    def test_two_engines_at_once_are_an_error(self, django_cleanup):
        assert errors() == ["files.E002"]

    def test_an_engine_that_is_not_installed_is_an_error(self, settings):
        settings.FILE_CLEANUP = "django-cleanup"

        assert errors() == ["files.E003"]
