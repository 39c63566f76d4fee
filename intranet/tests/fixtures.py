"""Fixtures for all apps, loaded as a pytest plugin (see pyproject.toml)."""

import os
import subprocess
import sys
from datetime import timedelta
from math import inf
from threading import current_thread, main_thread

import pytest
from django.conf import settings as site_settings
from django.db.models import signals
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from intranet.trace.wiring import disconnect

DELETE_AT_ONCE = FieldFile.delete  # Django's own: this plugin is loaded before any app
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # cheap


def pytest_collection_modifyitems(config, items):
    """Leave out what takes minutes unless it is asked for, whatever else is chosen by mark."""
    if "minutes" in config.option.markexpr:
        return
    endless = [item for item in items if item.get_closest_marker("minutes")]
    config.hook.pytest_deselected(items=endless)
    items[:] = [item for item in items if item not in endless]


def pytest_make_parametrize_id(val, argname):
    """Name files by their argument: some hold the time, and all processes must call them alike."""
    return argname if isinstance(val, bytes) and len(val) > 40 else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let captured text that is not Unicode go from one process of a parallel run to another."""
    report = yield
    report.sections = [
        (title, text.encode(errors="replace").decode()) for title, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An SQLite file with all tables, for those to copy whose processes need one of their own."""
    file = tmp_path_factory.mktemp("migrated") / "db.sqlite3"
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=site_settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{file}"},
        check=True,
    )
    return file


@pytest.fixture
def stop_clock(monkeypatch):
    """Return what lets the time stand still for the rest of a test.

    It stands a minute ahead of the clock from which new rows take their defaults.
    """

    def stop():
        moment = timezone.now() + timedelta(minutes=1)
        monkeypatch.setattr(timezone, "now", lambda: moment)

    return stop


@pytest.fixture
def choose_engine(settings):
    """Return what makes a file cleanup engine the one for the rest of a test."""
    from django.apps import apps
    from django_cleanup import cache, handlers

    def choose(engine):
        settings.FILE_CLEANUP = engine
        disconnect_engines()
        if engine == "receiver":
            apps.get_app_config("intranet").connect_file_cleanup()
        elif engine == "django-cleanup":
            cache.prepare(False)
            handlers.connect()

    yield choose
    choose("receiver")


def disconnect_engines():
    from django_cleanup import cache

    from intranet.files import cleanup

    models = cleanup.models_with_files()
    disconnect(signals.pre_save, cleanup.remove_replaced_files, *models)
    disconnect(signals.pre_delete, cleanup.read_files_of_rows, *models)
    disconnect(signals.post_delete, cleanup.remove_files_of_deleted_rows, *models)
    FieldFile.delete = DELETE_AT_ONCE
    for model in models:
        for name in ("post_init", "pre_save", "post_save", "post_delete"):
            theirs = f"{name}_django_cleanup_{cache.get_model_name(model)}"
            getattr(signals, name).disconnect(sender=model, dispatch_uid=theirs)


@pytest.fixture(autouse=True)
def isolated_site(settings, tmp_path, monkeypatch):
    """Keep uploads in a temporary folder, mails in the outbox table and passwords cheap.

    What receivers do is counted, but stored when a test says so: it takes queries. Those that a
    test connects are forgotten after it. No number of the first page is old. No thread looks for
    texts to index, whose table a test is writing: within one memory SQLite lets nobody read it.
    """
    from intranet import numbers, trigrams
    from intranet.trace import counts
    from intranet.trace.wiring import Counted

    monkeypatch.setattr(counts, "_next", inf)
    monkeypatch.setattr(numbers, "LONG", inf)
    monkeypatch.setattr(Counted, "by_uid", dict(Counted.by_uid))
    caught_up = trigrams.catch_up
    monkeypatch.setattr(
        trigrams, "catch_up", lambda using: current_thread() is main_thread() and caught_up(using)
    )
    files = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"}
    files["LOCATION"] = str(tmp_path / "progress")
    settings.CACHES = settings.CACHES | {"progress": files}
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.EMAIL_BACKEND = "intranet.outbox.mail.OutboxBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    settings.SWEEP_HOUR = settings.DIGEST_HOUR = None
    settings.SITE_URL = "https://intranet.test"
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
