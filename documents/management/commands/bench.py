from django.core.management.base import BaseCommand

from documents.bench import SUBJECTS, clock
from documents.bench.filling import database, forget_copies

HEAD = "| work | here | beside | at most |\n| --- | ---: | --- | ---: |"


class Command(BaseCommand):
    help = (
        "Measure what the intranet costs, beside raw SQL, the stock admin and plain Unfold: ratios "
        "of processor time within this run. Works on test databases, never the site's."
    )

    def add_arguments(self, parser):
        parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
        parser.add_argument("--few", type=int, default=1000)
        parser.add_argument("--rows", type=int, default=100_000, help="how many are many")
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--million", action="store_true", help="a million people as well")

    def handle(self, *, only, few, rows, rounds, million, **options):
        clock.rounds = rounds
        self.stdout.write(HEAD)
        with database():
            try:
                for subject in only:
                    for line in SUBJECTS[subject](few, rows, million):
                        self.stdout.write(str(line))
                        self.stdout.flush()
            finally:
                forget_copies()
