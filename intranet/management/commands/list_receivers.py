from django.conf import settings
from django.core.management.base import BaseCommand

from intranet.trace.signal_map import markdown

PAGE = "docs/signals.md"
START, END = "<!-- signal map -->\n", "\n<!-- end -->"


class Command(BaseCommand):
    """Signals hide what happens; this shows it, as it is really connected."""

    help = "Prints every signal receiver: signal, sender, receiver, what it does, where it stands."

    def add_arguments(self, parser):
        parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")

    def handle(self, *, write, **options):
        table = markdown()
        if not write:
            self.stdout.write(table)
            return
        page = settings.BASE_DIR / PAGE
        before, _, rest = page.read_text().partition(START)
        _, _, after = rest.partition(END)
        page.write_text(before + START + table + END + after)
