import sqlite3
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from documents.backup import Refused, manifest
from documents.backup.restoring import restore


class Command(BaseCommand):
    """Web server and worker must not run meanwhile: they would serve and mail half a site."""

    help = (
        "Restores the copy in DIRECTORY, made by `backup`, into an empty site: an empty database, "
        "migrated or not, and an empty store. Exit status 1 when the copy or the site is not as "
        "it has to be; then nothing was touched."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, metavar="DIRECTORY")
        parser.add_argument(
            "--send-mails", action="store_true", help="Send what waited in the outbox, and posts."
        )
        parser.add_argument(
            "--incomplete",
            action="store_true",
            help="Take a copy, too, that lacked files when it was made.",
        )

    def handle(self, *, directory, send_mails, incomplete, verbosity, **options):
        try:
            done = restore(directory, send_mails=send_mails, incomplete=incomplete)
        except (Refused, LookupError, OSError, DatabaseError, sqlite3.Error) as error:
            raise CommandError(error) from error
        if verbosity:
            facts = manifest.read(directory)
            self.stdout.write(f"Restored {manifest.summary(facts)} as of {facts['made_at']}.")
            self.stdout.write("\n".join(done))
            self.stdout.write("Who lost access or rights since then has them again: look at them.")
