from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from documents.comparison import measures, table


class Command(BaseCommand):
    help = (
        "Run the file cleanup engines through the same scenarios and print what each of them "
        "loses (LOST: a live row's file is gone) or leaves behind (leak: a file nothing names). "
        "Works on throw-away databases and folders only."
    )

    def add_arguments(self, parser):
        parser.add_argument("--engines", default=",".join(table.ENGINES), help="comma-separated")
        parser.add_argument("--markdown", action="store_true", help="print Markdown")
        parser.add_argument(
            "--bench", type=int, metavar="N", help="measure the costs, too; lists N rows (100000)"
        )
        parser.add_argument(
            "--stress",
            type=float,
            metavar="SECONDS",
            help="also change files at random in four processes and kill one every second",
        )

    def handle(self, *, engines, markdown, bench, stress, verbosity, **options):
        engines = engines.split(",")
        if unknown := set(engines) - set(table.ENGINES):
            raise CommandError(f"Unknown engine: {', '.join(sorted(unknown))}.")
        with tqdm(total=0, disable=None) as progress:
            rows = table.compare(engines, progress)
            texts = [table.markdown(rows, engines)]
            if bench:
                texts.append(measures.bench(bench, engines, progress))
            if stress:
                texts.append(measures.stress(stress, engines, progress))
        for text in texts:
            self.stdout.write(f"{text if markdown else table.plain(text)}\n")
        if not table.has_s3():
            self.stderr.write("S3 was skipped: it needs django-storages and moto.")
        if verbosity > 1:
            self.explain(rows)

    def explain(self, rows):
        for row in rows:
            for engine, result in row.results.items():
                if result["detail"]:
                    self.stdout.write(f"\n{row.description}: {engine}\n{result['detail']}")
