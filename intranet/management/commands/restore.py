from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from intranet.files.backup.restoring import restore


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
            done, wrong = restore(directory)
        except Exception as error:  # storages and engines raise what they like
            raise CommandError(str(error) or repr(error)) from error
        if verbosity:
            self.stdout.write("\n".join([*done, *wrong]))
        if wrong:
            raise CommandError("The site is restored, but not whole.")
