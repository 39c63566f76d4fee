from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from intranet.files.backup import back_up, summary
from intranet.files.fields import place, stores
from intranet.wording import counted


class Command(BaseCommand):
    """A file of a row must not go while it is copied: FILE_REMOVAL_GRACE keeps it that long."""

    help = (
        "Copies the database and every file that its rows name into DIRECTORY, which must be "
        "empty or not exist, and checks the copy. Exit status 1 when it is not whole."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, metavar="DIRECTORY")

    def handle(self, *, directory, verbosity, **options):
        if any(directory.resolve().is_relative_to(place(it)[0]) for it in stores().values()):
            raise CommandError(f"There is no copy. {directory} lies within the store itself.")
        try:
            manifest = back_up(directory)
        except (OSError, DatabaseError) as error:
            raise CommandError(f"There is no copy. {error}") from error
        if verbosity:
            self.stdout.write(f"Copied {summary(manifest)} to {directory}.")
        if problems := manifest["problems"]:
            self.stderr.write("\n".join(problems))
            raise CommandError(
                f"The copy is not whole: {counted(len(problems), 'file')} missing or not as "
                "described. If they were removed meanwhile, raise FILE_REMOVAL_GRACE above the "
                "time that a backup takes."
            )
