"""What is left behind: every live row's file has to be there, and nothing else."""

from collections import defaultdict, namedtuple
from contextlib import suppress
from io import StringIO

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage, storages
from django.core.management import call_command
from django.db.models import FileField
from django.utils import timezone

from intranet.files.listing import MARKER
from intranet.files.marker import tie
from intranet.files.models import FileRemoval
from intranet.signals import work_due

from .lab import upload
from .models import DEFAULT_FILE

Verdict = namedtuple("Verdict", "lost leaked")


def prepare_stores():
    for storage in (default_storage, storages["archive"]):
        tie(storage)
    default_storage.save(DEFAULT_FILE, upload("form"))


def housekeeping(sweep: bool):
    """Let the receiver engine's worker, then its sweep, do all they are going to do."""
    if settings.FILE_CLEANUP != "receiver":
        return
    _work()
    if sweep:
        with suppress(SystemExit):  # it found something
            options = {"remove": True, "force": True, "min_age": 0, "stdout": StringIO()}
            call_command("sweep_files", **options)
        _work()


def _work():
    FileRemoval.objects.pending().update(due_at=timezone.now())
    while any(done for _, done in work_due.send(sender=None)):
        pass


def inspect() -> Verdict:
    """Return the names of the lost files and of the leaked ones."""
    named = named_files()
    lost, leaked = set(), set()
    for alias in ("default", "archive"):
        stored = set(stored_files(storages[alias]))
        lost |= {name for name in named[alias] if not intact(storages[alias], name, stored)}
        leaked |= stored - named[alias]
    return Verdict(lost, leaked - {MARKER})


def named_files() -> dict[str, set[str]]:
    named = defaultdict(set, default={DEFAULT_FILE})
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, FileField):
                alias = "archive" if field.storage is storages["archive"] else "default"
                named[alias].update(model._base_manager.values_list(field.name, flat=True))
    for names in named.values():
        names -= {"", None}
    return named


def stored_files(storage, folder=""):
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    for name in names:
        yield prefix + name
    for name in folders:
        yield from stored_files(storage, prefix + name)


def intact(storage, name, stored) -> bool:
    """Return whether the file holds what the beginning of its name says."""
    if name not in stored:
        return False
    with storage.open(name) as file:
        content = file.read().decode()
    return name.rpartition("/")[2].startswith((f"{content}.", f"{content}_"))
