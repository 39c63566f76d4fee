import sys
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from intranet.files.cleanup import carry_out_at_once
from intranet.files.fields import named, stores, waiting
from intranet.files.listing import stored_files
from intranet.files.marker import is_tied, read, tie, whereabouts
from intranet.files.sweep import MIN_AGE, Sweeper, ask_for_removal_of
from intranet.wording import counted, when_files_go

TOO_MANY = (
    "Nothing was removed. After an older backup was restored, they are what was uploaded since: "
    "then keep them. If they are really left over, add --force."
)


class Command(BaseCommand):
    """Finds what signals cannot see: bulk updates, raw SQL, fixtures, rolled-back uploads."""

    help = (
        "Compares stored files with the rows that name them. Only reports, unless told to remove. "
        "Exit status 1 when anything was found."
    )

    def add_arguments(self, parser):
        writing = parser.add_mutually_exclusive_group()
        writing.add_argument(
            "--remove", action="store_true", help="Have the files removed that no row names."
        )
        parser.add_argument(
            "--force", action="store_true", help="Remove them even if they are surprisingly many."
        )
        writing.add_argument(
            "--adopt",
            action="store_true",
            help="Tie the stores to this database, after saying what is in them.",
        )
        parser.add_argument(
            "--min-age",
            type=int,
            default=int(MIN_AGE.total_seconds()),
            metavar="SECONDS",
            help="Leave younger files alone; their transaction may be open. Default: %(default)s.",
        )
        parser.add_argument(
            "--no-checksums",
            action="store_false",
            dest="checksums",
            help="Compare sizes only; do not read the contents of papers.",
        )

    def handle(self, *, min_age, verbosity, checksums=True, remove, force, adopt, **options):
        try:
            if adopt:
                self.adopt()
            with tqdm(desc="Comparing", unit=" files and rows", disable=None, leave=False) as bar:
                sweeper = Sweeper(timedelta(seconds=min_age), lambda pk: checksums, bar.update)
                findings = sweeper.run()
        except Exception as error:  # storages raise what they like
            raise CommandError(str(error) or repr(error)) from error
        if verbosity:
            self.report(findings, verbosity)
        if remove and findings.orphans:
            self.remove(findings, force, verbosity)
        if findings:
            sys.exit(1)

    def report(self, findings, verbosity):
        strangers = [name for _, name in findings.strangers] if verbosity > 1 else []
        lines = [*findings.lines(), *(f"left alone: {name}" for name in strangers)]
        for line in [*lines, str(findings)]:
            self.stdout.write(line)

    def remove(self, findings, force, verbosity):
        """Have the orphans removed, unless they are so many that something else must be wrong."""
        count = counted(len(findings.orphans), "file")
        if len(findings.orphans) > findings.limit:
            self.stdout.write(f"{count} of {findings.files} to remove: {findings.limit} is normal.")
            if not force:
                raise CommandError(TOO_MANY)
        ask_for_removal_of(findings.orphans)
        carry_out_at_once("default")
        if verbosity:
            when = when_files_go("this sweep")
            self.stdout.write(f"{count} to be removed {when}; the worker does what is left.")

    def adopt(self):
        for label, storage in stores().items():
            if is_tied(storage):
                continue
            files = stored_files(storage)
            known, gone = len(named(label, list(files))), len(waiting(label) & files.keys())
            what = f"{counted(len(files), 'file')}, {known} of them named by this database"
            what += f" and {gone} that it waits to remove"
            whose = "tied to another database or site" if read(storage) else "without a marker"
            self.stdout.write(f"Tying the store {whereabouts(label)}: {what}; until now {whose}.")
            tie(storage)
