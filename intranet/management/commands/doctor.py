from django.core.management.base import BaseCommand, CommandError

from intranet.doctor import Finding, Result, examine
from intranet.outbox.links import site_url
from intranet.sidebar import address


class Command(BaseCommand):
    """Says what is not as it always has to be, and what to do, for a person and for cron."""

    help = "Checks the whole site and changes nothing; exits with 1 when something is broken."

    def add_arguments(self, parser):
        parser.add_argument(
            "--quick", action="store_true", help="Do not read the contents of the files."
        )

    def handle(self, *, quick, verbosity, **options):
        results = []
        for result in examine(quick):
            results.append(result)
            if verbosity or not result.is_sound:
                self.stdout.write("\n".join(lines(result)))
                self.stdout.flush()
        if broken := sum(not it.is_sound for it in results):
            raise CommandError(f"{broken} of {len(results)} checks found something broken.")
        if verbosity:
            self.stdout.write(f"All {len(results)} checks found nothing broken.")


def lines(result: Result) -> list[str]:
    """Return what a check found, a line each."""
    if result.error:
        return [f"?? {result.title}", f"   This could not be checked: {result.error}"]
    if not result.findings:
        return [f"ok {result.title}"]
    return [f"!! {result.title}", *(f"   {it}" for one in result.findings for it in told(one))]


def told(finding: Finding) -> list[str]:
    page = finding.model and site_url(address(finding.model, "changelist") + finding.query)
    return [line for line in (finding.what, finding.to_do, page) if line]
