from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from intranet.trace import changes
from intranet.trace.rehearsal import rehearse


class Command(BaseCommand):
    """Show in a shell what the page before a deletion shows: the deletion, run and rolled back."""

    help = "Says what would happen if rows were deleted; nothing is."

    def add_arguments(self, parser):
        parser.add_argument("verb", choices=["delete"])
        parser.add_argument("model", help="such as auth.group")
        parser.add_argument("keys", nargs="+", help="primary keys of the rows")

    def handle(self, *, model, keys, **options):
        rows = rows_of(model, keys)
        plan = rehearse(lambda: changes.delete(rows.all()), rows.db)
        if plan.refused:
            raise CommandError("\n".join(["This cannot be done.", *plan.refused]))
        if plan.sentence:
            self.stdout.write(f"{plan.sentence}.")
        for title, lines in plan.sections:
            self.stdout.write("\n".join(["", title, *(f"  {line}" for line in lines)]))
        self.stdout.write("\nNothing was done: this was a rehearsal.")


def rows_of(label, keys):
    """Return the rows of these keys. Raises CommandError if there is no such model or row."""
    try:
        every = apps.get_model(label)._default_manager
    except (LookupError, ValueError) as error:
        raise CommandError(f"There is no model “{label}”. Write it like auth.group.") from error
    try:
        found = set(map(str, every.filter(pk__in=keys).values_list("pk", flat=True)))
    except (ValueError, ValidationError) as error:
        raise CommandError(f"These are no keys of {label}: {', '.join(keys)}.") from error
    if missing := [key for key in keys if key not in found]:
        raise CommandError(f"There is no {label} with the key {', '.join(missing)}.")
    return every.filter(pk__in=keys)
