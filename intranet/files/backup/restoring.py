"""Making a site of a copy: checked first, files before the database, so that it is there or not."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from tqdm import tqdm

from intranet.access.models import PasswordLink
from intranet.outbox.models import Mail
from intranet.signals import site_restored
from intranet.wording import counted, words_of

from .. import marker
from ..fields import find_storage, stores
from ..listing import stored_files
from ..models import Identity
from ..sweep import Sweeper, checksum
from . import Manifest, Refused, copies, databases

HELD = "Held: it waited when the backup was made that was restored. Send it again if it is wanted."
HALF_DONE = (
    "The site is half restored: do not start the worker, which may mail what was mailed already. "
    "Empty the database and the store, and restore again."
)


def restore(directory: Path) -> tuple[list[str], list[str]]:
    """Make an empty site that of a copy; return what was done, and what is wrong with it.

    Raises Refused, and whatever storages and engines raise, before anything is touched.
    """
    _refuse_unless_empty()
    facts = copies.read(directory)
    _refuse_other_versions(facts)
    if damages := [*copies.damages(directory, facts)]:
        raise Refused("\n".join(["The copy is not whole.", *damages]))
    _store_and_load(directory, facts)
    try:
        call_command("migrate", verbosity=0)
        with transaction.atomic():
            held = [_withdraw_access(), _hold_mails()]
            held += [str(told) for _, told in site_restored.send(sender=None)]
        marker.retie()
        wrong = Sweeper(timedelta(0)).run().lines()
    except BaseException as error:  # Ctrl-C, too
        raise Refused(f"{words_of(error)}\n{HALF_DONE}") from error
    return [f"Restored {copies.summary(facts)} as of {facts['made_at']}.", *held], wrong


def _refuse_unless_empty() -> None:
    """Raise Refused when the site has rows that `migrate` did not write, or files."""
    tables = connection.introspection.table_names()
    for model in apps.get_models(include_auto_created=True):
        by_migrate = model is Identity or model._meta.app_label in ("auth", "contenttypes")
        if model._meta.db_table in tables and not by_migrate and model._base_manager.exists():
            raise Refused(f"The site is not empty: it has {model._meta.verbose_name_plural}.")
    for label, storage in stores().items():
        if files := stored_files(storage):
            count = counted(len(files), "file")
            raise Refused(f"The store {marker.whereabouts(label)} is not empty: {count}.")


def _refuse_other_versions(facts: Manifest) -> None:
    if facts["engine"] != connection.vendor:
        raise Refused(f"The copy is of {facts['engine']}, but this site uses {connection.vendor}.")
    known = MigrationLoader(None).disk_migrations
    if newer := [".".join(it) for it in facts["migrations"] if tuple(it) not in known]:
        raise Refused(f"The copy is of a newer version, with {', '.join(newer)}: update first.")


def _store_and_load(directory: Path, facts: Manifest) -> None:
    entries = tqdm(copies.entries(facts), "Storing", disable=None, leave=False)
    with ExitStack() as undo:
        for label, name, (_, sha256) in entries:
            storage = find_storage(label)
            with copies.kept_files(directory, label).open(name) as source:
                stored = storage.save(name, source)
            undo.callback(storage.delete, stored)
            if stored != name or checksum(storage, name) != sha256:
                raise Refused(f"{name} could not be stored as it is in the copy.")
        databases.load(directory / databases.NAMES[facts["engine"]])
        undo.pop_all()


def _withdraw_access() -> str:
    """End all sessions and links: who lost theirs since the copy was made must not get it back."""
    Session.objects.all().delete()
    links = PasswordLink.objects.filter(ended_at=None)
    Mail.objects.filter(pk__in=links.values("mail")).exclude(status=Mail.Status.SENT).delete()
    ended = counted(links.update(ended_at=timezone.now()), "open link")
    return (
        f"Nobody is signed in; {ended} to set a password ended. "
        "Who lost access or rights since then has them again: look at them."
    )


def _hold_mails() -> str:
    """Keep back what may have been mailed since the copy was made."""
    waiting = Mail.objects.filter(status__in=[Mail.Status.QUEUED, Mail.Status.SENDING])
    held = counted(waiting.update(status=Mail.Status.FAILED, error=HELD), "waiting mail")
    return f"{held} held: send them again from the outbox if wanted."
