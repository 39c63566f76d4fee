"""Making a site of a copy: checked first, files before the database, so that it is there or not."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.files import File
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from documents.models import Post
from intranet.access.models import PasswordLink
from intranet.outbox.models import Mail
from intranet.wording import counted, words_of

from .. import marker
from ..fields import find_storage, stores
from ..listing import stored_files
from ..models import Identity
from ..sweep import Sweeper, checksum
from . import Refused, databases, manifest, progress

HELD = "Held: it waited when the backup was made that was restored. Send it again if it is wanted."
HALF_DONE = (
    "The site is half restored: do not start the worker, which may mail what was mailed already. "
    "Empty the database and the store, and restore again."
)
UNSENT = [Mail.Status.QUEUED, Mail.Status.SENDING]


def check(directory: Path, *, incomplete: bool = False) -> dict:
    """Return the manifest of a copy that is whole and fits; else raise Refused or LookupError.

    `incomplete` takes a copy that lacked files when it was made.
    """
    facts = manifest.read(directory)
    _refuse_other_versions(facts)
    problems = [*([] if incomplete else facts["problems"]), *manifest.problems(directory, facts)]
    if problems:
        raise Refused("\n".join(["The copy is not whole.", *problems]))
    return facts


def restore(directory: Path, facts: dict, *, send_mails: bool = False) -> tuple[list, list]:
    """Make the empty site that of a checked copy; return what else was done, and what is wrong."""
    _store_and_load(directory, facts)
    try:
        call_command("migrate", verbosity=0)
        done = [*_withdraw_access(), *([] if send_mails else _hold_mails())]
        marker.retie()
        return done, Sweeper(timedelta(0), reads=lambda pk: False).run().lines()
    except BaseException as error:  # Ctrl-C, too
        raise Refused(f"{words_of(error)}\n{HALF_DONE}") from error


def _refuse_other_versions(facts: dict) -> None:
    if facts["engine"] != connection.vendor:
        raise Refused(f"The copy is of {facts['engine']}, but this site uses {connection.vendor}.")
    known = MigrationLoader(None).disk_migrations
    if newer := [".".join(it) for it in facts["migrations"] if tuple(it) not in known]:
        raise Refused(
            f"The copy is of a newer version: this one knows no {', '.join(newer)}. "
            "Update the code first."
        )
    for label in facts["files"]:
        find_storage(label)


def refuse_unless_empty() -> None:
    """Raise Refused when the site has rows that `migrate` did not write, or files."""
    tables = connection.introspection.table_names()
    for model in apps.get_models(include_auto_created=True):
        by_migrate = model is Identity or model._meta.app_label in ("auth", "contenttypes")
        if model._meta.db_table in tables and not by_migrate and model._base_manager.exists():
            raise Refused(f"The site is not empty: it has {model._meta.verbose_name_plural}.")
    for label, storage in stores().items():
        if files := stored_files(storage):
            where = marker.whereabouts(label)
            raise Refused(f"The store {where} is not empty: {counted(len(files), 'file')}.")


def _store_and_load(directory: Path, facts: dict) -> None:
    stored = []
    try:
        for label, name, (_, sha256) in progress(manifest.entries(facts), desc="Storing"):
            storage = find_storage(label)
            with manifest.place_of(directory, label, name).open("rb") as source:
                stored.append((storage, storage.save(name, File(source, name))))
            if stored[-1][1] != name or checksum(storage, name) != sha256:
                raise Refused(f"{name} could not be stored as it is in the copy.")
        databases.load(directory / databases.NAMES[facts["engine"]])
    except BaseException:
        for storage, name in stored:
            with suppress(Exception):  # as the store may be what failed
                storage.delete(name)
        raise


@transaction.atomic
def _withdraw_access() -> list[str]:
    """End all sessions and links: who lost theirs since the copy was made must not get it back."""
    Session.objects.all().delete()
    links = PasswordLink.objects.filter(ended_at=None)
    Mail.objects.filter(pk__in=links.values("mail")).exclude(status=Mail.Status.SENT).delete()
    ended = links.update(ended_at=timezone.now())
    return [f"Nobody is signed in; {counted(ended, 'open link')} to set a password ended."]


@transaction.atomic
def _hold_mails() -> list[str]:
    """Keep back what may have been mailed since the copy was made."""
    mails = Mail.objects.filter(status__in=UNSENT).update(status=Mail.Status.FAILED, error=HELD)
    posts = Post.objects.due_for_mail().update(mail_audience=False)
    return [
        f"{counted(mails, 'waiting mail')} held: send them again from the outbox if wanted.",
        f"{counted(posts, 'post')} that went live meanwhile will not be mailed.",
    ]
