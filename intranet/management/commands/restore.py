from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from tqdm import tqdm

from intranet.access.models import PasswordLink
from intranet.files import backup, marker
from intranet.files.fields import find_storage, stores
from intranet.files.listing import stored_files
from intranet.files.models import Identity
from intranet.files.sweep import Sweeper, checksum
from intranet.outbox.models import Mail
from intranet.signals import site_restored
from intranet.trace.models import Action, Change, ReceiverDay
from intranet.wording import counted, words_of

WRITTEN = (Identity, Action, Change, ReceiverDay)  # by `migrate`, in any site
HELD = "Held: it waited when the backup was made that was restored. Send it again if it is wanted."
HALF_DONE = (
    "The site is half restored: do not start the worker, which may mail what was mailed already. "
    "Empty the database and the store, and restore again."
)


class Command(BaseCommand):
    """Web server and worker must not run meanwhile: they would serve and mail half a site."""

    help = (
        "Restores the copy in DIRECTORY, made by `backup`, into an empty site: an empty database, "
        "migrated or not, and an empty store. Exit status 1 when the copy is damaged or the site "
        "is not empty, and nothing is touched then; also when files of the site are missing."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, metavar="DIRECTORY")

    def handle(self, *, directory, verbosity, **options):
        try:
            refuse_unless_empty()
            manifest = backup.read(directory)
            store_and_load(directory, manifest)
        except Exception as error:  # storages and engines raise what they like
            raise CommandError(str(error) or repr(error)) from error
        try:
            call_command("migrate", verbosity=0)
            held = hold_back()
            marker.retie()
            wrong = Sweeper(timedelta(0)).run().lines()
        except BaseException as error:  # Ctrl-C, too
            raise CommandError(f"{words_of(error)}\n{HALF_DONE}") from error
        if verbosity:
            told = f"Restored {backup.summary(manifest)} as of {manifest['made_at']}."
            self.stdout.write("\n".join([told, *held, *wrong]))
        if wrong:
            raise CommandError("The site is restored, but not whole.")


def refuse_unless_empty():
    """Raise CommandError when the site has rows that `migrate` did not write, or files."""
    tables = connection.introspection.table_names()
    for model in apps.get_models(include_auto_created=True):
        by_migrate = model in WRITTEN or model._meta.app_label in ("auth", "contenttypes")
        if model._meta.db_table in tables and not by_migrate and model._base_manager.exists():
            raise CommandError(f"The site is not empty: it has {model._meta.verbose_name_plural}.")
    for label, storage in stores().items():
        if files := stored_files(storage):
            count = counted(len(files), "file")
            raise CommandError(f"The store {marker.whereabouts(label)} is not empty: {count}.")


def store_and_load(directory, manifest):
    """Store the files, then load the database, so that the site is there or is not."""
    entries = tqdm(backup.entries(manifest), "Storing", disable=None, leave=False)
    with ExitStack() as undo:
        for label, name, (_, sha256) in entries:
            storage = find_storage(label)
            with backup.kept_files(directory, label).open(name) as source:
                stored = storage.save(name, source)
            undo.callback(storage.delete, stored)
            if stored != name or checksum(storage, name) != sha256:
                raise CommandError(f"{name} could not be stored as it is in the copy.")
        backup.load(directory / backup.DATABASES[manifest["engine"]])
        undo.pop_all()


@transaction.atomic
def hold_back():
    """Undo what may be outdated since the copy was made; return what was done, in sentences.

    Who lost a session or a link must not get it back, and nobody gets the same mail again.
    """
    Session.objects.all().delete()
    links = PasswordLink.objects.filter(ended_at=None)
    Mail.objects.filter(pk__in=links.values("mail")).exclude(status=Mail.Status.SENT).delete()
    ended = counted(links.update(ended_at=timezone.now()), "open link")
    waiting = Mail.objects.filter(status__in=[Mail.Status.QUEUED, Mail.Status.SENDING])
    held = counted(waiting.update(status=Mail.Status.FAILED, error=HELD), "waiting mail")
    return [
        f"Nobody is signed in; {ended} to set a password ended.",
        "Who lost access or rights since then has them again: look at them.",
        f"{held} held: send them again from the outbox if wanted.",
        *(told for _, told in site_restored.send(sender=None)),
    ]
