"""What the doctor asks on this floor: of the database, the outbox, the files and the receivers."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isfunction

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import doctor, life
from .doctor import Finding, those
from .files import marker
from .files.fields import stores
from .files.models import FileRemoval
from .files.sweep import Sweeper
from .outbox.models import Mail, term
from .trace.phrases import nphrase
from .trace.signal_map import unheard
from .trace.wiring import connected, counted

LATE = timedelta(minutes=15)  # for a mail that is due
LONG = timedelta(days=1)  # for a mail or a file to be tried again
START = gettext_lazy("Start the worker: python manage.py worker")
# What is to be read back, and as what.
SQLITE: dict[str, tuple[object, ...]] = {
    "journal_mode": ("wal", "memory"),  # the latter where there is no file
    "synchronous": (1,),
    "busy_timeout": (20_000,),
    "foreign_keys": (1,),
}
POSTGRESQL: dict[str, tuple[object, ...]] = {
    "server_encoding": ("UTF8",),
    "default_transaction_isolation": ("read committed",),  # not shown
    "default_transaction_read_only": ("off",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
    "fsync": ("on",),
    "full_page_writes": ("on",),
}


def database_settings(quick: bool) -> Iterator[Finding]:
    """Read back from the live connection what it was to be told, or how the server is set."""
    is_sqlite = connection.vendor == "sqlite"
    found: dict[str, object] = {}
    with connection.cursor() as cursor:
        for name in SQLITE if is_sqlite else POSTGRESQL:
            cursor.execute(f"{'PRAGMA' if is_sqlite else 'SHOW'} {name}")
            [found[name]] = cursor.fetchone()
    wanted = SQLITE if is_sqlite else POSTGRESQL
    if is_sqlite:
        found["transaction_mode"] = connection.transaction_mode
        wanted = {**wanted, "transaction_mode": ("IMMEDIATE",)}
        if not connection.is_in_memory_db():
            wanted["journal_mode"] = ("wal",)
    for name, values in wanted.items():
        if found[name] not in values:
            facts = {"name": name, "found": found[name], "wanted": values[0]}
            yield Finding(
                _("%(name)s is %(found)s instead of %(wanted)s.") % facts,
                _("Look at DATABASES in the settings and at the configuration of the server."),
            )


def worker_that_is_away(quick: bool) -> Iterator[Finding]:
    if minutes := life.silence():
        yield Finding(str(life.SAID.of(minutes)), str(START))


def outbox_that_stands(quick: bool) -> Iterator[Finding]:
    now = timezone.now()
    late = Mail.objects.filter(status=Mail.Status.QUEUED, next_attempt_at__lt=now - LATE)
    late |= Mail.objects.filter(
        status=Mail.Status.SENDING, next_attempt_at__lt=now - LATE - 2 * term()
    )
    yield from those(
        late.order_by("pk").values_list("to", flat=True),
        nphrase(
            "%(count)s mail is due for more than a quarter of an hour, to",
            "%(count)s mails are due for more than a quarter of an hour, to",
        ),
        str(START),
        Mail,
        f"?status__exact={Mail.Status.QUEUED}",
    )
    old = Mail.objects.filter(status=Mail.Status.QUEUED, attempts__gt=0, created_at__lt=now - LONG)
    yield from those(
        old.order_by("pk").values_list("to", flat=True),
        nphrase(
            "%(count)s mail could not be sent for more than a day, to",
            "%(count)s mails could not be sent for more than a day, to",
        ),
        _("Look at EMAIL_URL and at what the mail server says of them."),
        Mail,
        f"?status__exact={Mail.Status.QUEUED}",
    )


def removals_that_wait(quick: bool) -> Iterator[Finding]:
    long_ago = timezone.now() - LONG - timedelta(seconds=settings.FILE_REMOVAL_GRACE)
    old = FileRemoval.objects.pending().filter(created_at__lt=long_ago)
    yield from those(
        old.order_by("pk").values_list("name", flat=True),
        nphrase(
            "%(count)s file was to be removed more than a day ago",
            "%(count)s files were to be removed more than a day ago",
        ),
        _("See there why it fails; if nothing is tried at all: %(start)s") % {"start": START},
        FileRemoval,
        "?state=waiting&state=removing&state=failed",
    )


def files_out_of_order(quick: bool) -> list[Finding]:
    """Compare the files with what their rows say, without their contents if it has to be quick.

    How long they are is asked of a folder alone: a bucket answers one request for each.
    """
    found = Sweeper(reads=lambda pk: not quick)
    for label, storage in stores().items():
        found.measures = not quick or isinstance(storage, FileSystemStorage)
        found.compare(label, storage)
    return those(
        found.wrong,
        nphrase(
            "%(count)s file is missing or not as its row says",
            "%(count)s files are missing or not as their rows say",
        ),
        _("Restore them from a backup, or upload them anew. All of them: manage.py sweep_files"),
    )


def stores_of_others(quick: bool) -> Iterator[Finding]:
    for label in stores():
        if objection := marker.objection(label):
            yield Finding(str(objection), str(marker.ADVICE))


def loose_wires(quick: bool) -> Iterator[Finding]:
    to_do = _("Connect or remove it in the code: see “To add a receiver” in CONTRIBUTING.md.")
    yield from those(
        unheard(),
        nphrase("%(count)s signal that nobody hears", "%(count)s signals that nobody hears"),
        to_do,
    )
    yield from those(
        sorted(deaf()),
        nphrase(
            "%(count)s receiver that hears no signal", "%(count)s receivers that hear no signal"
        ),
        to_do,
    )


def deaf() -> set[str]:
    """Return the receivers of the floors that are not, or no longer, connected."""
    names = [f"{floor}.receivers" for floor in ("intranet", *settings.FLOORS)]
    written = {
        function
        for module in map(import_module, filter(find_spec, names))
        for name, function in getmembers(module, isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    held = {
        receiver
        for (signal, receiver), senders in connected().items()
        if {id(it) for it in senders or [None]} <= heard(signal, counted(receiver).uid)
    }
    known = {receiver for _, receiver in connected()}
    return {f"{it.__module__}.{it.__name__}" for it in written | known if it not in held}


def heard(signal, uid: str) -> set[int]:
    """Return the ids of the senders from which a receiver hears a signal, as Django holds them."""
    return {sender for (name, sender), *_ in signal.receivers if name == uid}


def register() -> None:
    doctor.add(gettext_lazy("The database is set as it has to be"), database_settings)
    doctor.add(gettext_lazy("A worker is at work"), worker_that_is_away)
    doctor.add(gettext_lazy("The outbox moves"), outbox_that_stands)
    doctor.add(gettext_lazy("Every file is there and unchanged"), files_out_of_order)
    doctor.add(gettext_lazy("No removal of a file is older than a day"), removals_that_wait)
    doctor.add(gettext_lazy("The files are those of this database"), stores_of_others)
    doctor.add(gettext_lazy("Every signal is heard, and every receiver hears one"), loose_wires)
