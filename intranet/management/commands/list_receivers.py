import re

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from intranet.trace.signal_map import connections, markdown

PAGE = "docs/signals.md"
BLOCK = re.compile(r"(<!-- signal map -->\n).*?(<!-- end -->)", re.DOTALL)


class Command(BaseCommand):
    """Signals hide what happens; this shows it, read from what is really connected."""

    help = "Prints every signal receiver: signal, sender, receiver, what it does, where it stands."

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="also those of other packages")
        parser.add_argument(
            "--write", action="store_true", help="put the table into docs/signals.md"
        )

    def handle(self, **options):
        table = markdown(connections(everything=options["all"]))
        if options["write"]:
            self.write(table)
        else:
            self.stdout.write(table)

    def write(self, table: str):
        page = settings.BASE_DIR / PAGE
        text, found = BLOCK.subn(lambda match: f"{match[1]}{table}\n{match[2]}", page.read_text())
        if not found:
            raise CommandError(f"{PAGE} has no block <!-- signal map --> … <!-- end -->.")
        page.write_text(text)
        self.stdout.write(f"{PAGE} is up to date.")
