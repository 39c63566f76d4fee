import sys
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS
from django.utils.formats import number_format

from intranet.files.cleanup import carry_out_at_once
from intranet.files.fields import stores
from intranet.files.listing import stored_files
from intranet.files.marker import is_tied, read, tie, unknown_files, whereabouts
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
        writing.add_argument("--remove", action="store_true", help="Remove files of no row.")
        writing.add_argument("--adopt", action="store_true", help="Tie stores to this database.")
        parser.add_argument("--force", action="store_true", help="Remove surprisingly many, too.")
        parser.add_argument("--no-checksums", action="store_true", help="Compare sizes only.")
        parser.add_argument(
            "--min-age",
            type=int,
            default=int(MIN_AGE.total_seconds()),
            metavar="SECONDS",
            help="Leave younger files alone; their transaction may be open. Default: %(default)s.",
        )

    def handle(self, *, min_age, verbosity, no_checksums, remove, force, adopt, **options):
        try:
            if adopt:
                self.adopt()
            findings = Sweeper(timedelta(seconds=min_age), lambda pk: not no_checksums).run()
        except Exception as error:  # storages raise what they like
            raise CommandError(str(error) or repr(error)) from error
        if verbosity:
            left_alone = [f"left alone: {name!r}" for name in findings.left_alone]
            lines = [*findings.lines(), *(left_alone if verbosity > 1 else []), str(findings)]
            self.stdout.write("\n".join(lines))
        if remove and findings.orphans:
            self.remove(findings, force, verbosity)
        if findings:
            sys.exit(1)

    def remove(self, findings, force, verbosity):
        """Have the orphans removed, unless they are so many that something else must be wrong."""
        count = counted(len(findings.orphans), "file")
        if len(findings.orphans) > findings.limit:
            files, limit = map(number_format, (findings.files, findings.limit))
            self.stdout.write(f"{count} of {files} to remove: {limit} is normal.")
            if not force:
                raise CommandError(TOO_MANY)
        ask_for_removal_of(findings.strays)
        carry_out_at_once(DEFAULT_DB_ALIAS)
        if verbosity:
            when = when_files_go()
            self.stdout.write(f"{count} to be removed {when}; the worker does what is left.")

    def adopt(self):
        for label, storage in stores().items():
            if not is_tied(storage):
                files, unknown = stored_files(storage), unknown_files(label)
                self.stdout.write(
                    f"Tying the store {whereabouts(label)}: {counted(len(files), 'file')}, "
                    f"{number_format(len(unknown))} of them named by no row of this database; "
                    f"until now tied to {read(storage) or 'none'}."
                )
                tie(storage)
