import signal
from collections import Counter

from django.core.management.base import BaseCommand, CommandError
from django.utils.formats import number_format

from intranet.outbox.models import Mail
from intranet.worker import Worker


class Command(BaseCommand):
    """Runs beside the web server, because mail and files must not make anybody wait."""

    help = "Delivers mail and does other pending work until stopped by Ctrl-C or SIGTERM."

    def add_arguments(self, parser):
        parser.add_argument(
            "--once", action="store_true", help="Do everything due now and exit (for cron)."
        )

    def handle(self, *args, once, verbosity, **options):
        worker = Worker()
        handlers = {
            number: signal.signal(number, worker.stop) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            if once:
                self.report(worker.run_once(), verbosity)
            else:
                self.say("The worker is running; Ctrl-C ends it.", verbosity)
                worker.run()
                self.say("The worker has ended.", verbosity)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def report(self, done: Counter, verbosity: int) -> None:
        told = (Mail.Status.SENT, Mail.Status.QUEUED, Mail.Status.FAILED, "other")
        line = "Mails: {} sent, {} to be tried again, {} failed. Other work: {} done."
        self.say(line.format(*(number_format(done[it]) for it in told)), verbosity)
        down = ["The mail server could not be reached."] if done["down"] else []
        errors = [f"Errors: {done['errors']}. They are in the log."] if done["errors"] else []
        if trouble := down + errors:
            raise CommandError(" ".join(trouble))

    def say(self, line: str, verbosity: int) -> None:
        if verbosity:
            self.stdout.write(line)
            self.stdout.flush()
