from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from intranet.files.backup import manifest, restoring


class Command(BaseCommand):
    """Web server and worker must not run meanwhile: they would serve and mail half a site."""

    help = (
        "Restores the copy in DIRECTORY, made by `backup`, into an empty site: an empty database, "
        "migrated or not, and an empty store. Exit status 1 when the copy or the site is not as "
        "it has to be; then nothing was touched."
    )

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, metavar="DIRECTORY")
        parser.add_argument("--dry-run", action="store_true", help="Only check the copy.")
        parser.add_argument(
            "--send-mails", action="store_true", help="Send what waited in the outbox, and posts."
        )
        parser.add_argument(
            "--incomplete",
            action="store_true",
            help="Take a copy, too, that lacked files when it was made.",
        )

    def handle(self, *, verbosity, **options):
        try:
            lines, wrong = self.restore(**options)
        except Exception as error:  # storages and engines raise what they like
            raise CommandError(str(error) or repr(error)) from error
        if verbosity:
            self.stdout.write("\n".join([*lines, *wrong]))
        if wrong and not options["incomplete"]:
            raise CommandError("The site is restored, but not whole.")

    def restore(self, *, directory, dry_run, send_mails, incomplete, **options):
        if not dry_run:
            restoring.refuse_unless_empty()
        facts = restoring.check(directory, incomplete=incomplete)
        told = f"{manifest.summary(facts)} as of {facts['made_at']}"
        if dry_run:
            lacking = facts["problems"]
            return [f"The copy is {'not whole' if lacking else 'whole'}: {told}."], lacking
        done, wrong = restoring.restore(directory, facts, send_mails=send_mails)
        warning = "Who lost access or rights since then has them again: look at them."
        return [f"Restored {told}.", *done, warning], wrong
