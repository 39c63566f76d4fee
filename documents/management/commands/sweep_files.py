import sys
from datetime import timedelta

from django.core.management.base import BaseCommand
from tqdm import tqdm

from documents.cleanup import carry_out_at_once
from documents.sweep import MIN_AGE, Sweeper, ask_for_removal_of
from intranet.wording import counted


class Command(BaseCommand):
    """Finds what signals cannot see: bulk updates, raw SQL, fixtures, rolled-back uploads."""

    help = (
        "Compares stored files with the rows that name them. Only reports, unless told to remove. "
        "Exit status 1 when anything was found."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--remove", action="store_true", help="Have the files removed that no row names."
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

    def handle(self, *, remove, min_age, verbosity, checksums=True, **options):
        with tqdm(desc="Comparing", unit=" files and rows", disable=None, leave=False) as bar:
            sweeper = Sweeper(timedelta(seconds=min_age), lambda pk: checksums, bar.update)
            findings = sweeper.run()
        asked = ask_for_removal_of(findings.orphans) if remove else 0
        if asked:
            carry_out_at_once("default")
        if verbosity:
            self.report(findings, remove, asked)
        if findings:
            sys.exit(1)

    def report(self, findings, remove, asked):
        for line in findings.lines():
            self.stdout.write(line)
        self.stdout.write(str(findings))
        if asked:
            self.stdout.write(f"Removing {counted(asked, 'file')}; the worker does what is left.")
        if remove and (by_hand := len(findings.orphans) - asked):
            what = f"{counted(by_hand, 'file')} whose name is not UTF-8"
            self.stdout.write(f"{what} cannot be removed by this command: do it by hand.")
