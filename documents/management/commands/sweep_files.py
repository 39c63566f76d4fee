import sys
from datetime import timedelta

from django.core.management.base import BaseCommand
from tqdm import tqdm

from documents.cleanup import carry_out_at_once
from documents.sweep import MIN_AGE, Sweeper, ask_for_removal_of


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
        if remove:
            ask_for_removal_of(findings.orphans)
            carry_out_at_once("default")
        if verbosity:
            self.report(findings, remove)
        if findings:
            sys.exit(1)

    def report(self, findings, remove):
        for line in findings.lines():
            self.stdout.write(line)
        self.stdout.write(str(findings))
        if remove and findings.orphans:
            self.stdout.write(f"{len(findings.orphans)} files are being removed by the worker.")
