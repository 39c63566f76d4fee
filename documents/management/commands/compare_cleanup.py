from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from documents.comparison import table


class Command(BaseCommand):
    help = (
        "Run the file cleanup engines through the same scenarios and print what each of them "
        "loses (LOST: a live row's file is gone) or leaves behind (leak: a file nothing names). "
        "Works on throw-away databases and folders only."
    )

    def add_arguments(self, parser):
        parser.add_argument("--engines", default=",".join(table.ENGINES), help="comma-separated")
        parser.add_argument("--markdown", action="store_true", help="print Markdown")

    def handle(self, *, engines, markdown, verbosity, **options):
        engines = engines.split(",")
        if unknown := set(engines) - set(table.ENGINES):
            raise CommandError(f"Unknown engine: {', '.join(sorted(unknown))}.")
        with tqdm(total=0, disable=None, unit="scenario") as progress:
            rows = table.compare(engines, progress)
        text = table.markdown(rows, engines)
        self.stdout.write(text if markdown else table.plain(text))
        if not table.has_s3():
            self.stderr.write("S3 was skipped: it needs django-storages and moto.")
        if verbosity > 1:
            self.explain(rows)

    def explain(self, rows):
        for row in rows:
            for engine, result in row.results.items():
                if result["detail"]:
                    self.stdout.write(f"\n{row.description}: {engine}\n{result['detail']}")
