"""The loop that does what is due: delivering mail, and whatever the upper floors have pending."""

import logging
import time
from collections import Counter

from django.db import close_old_connections

from .delivery import deliver_due
from .signals import work_due

logger = logging.getLogger(__name__)

IDLE = 1  # seconds between two rounds when nothing was due
AFTER_TROUBLE = 10  # seconds until the next round after an error
SERVER_REST = 30  # seconds without mail after the mail server could not be reached
MAX_ROUNDS = 1000  # of one run that does everything due, should work never end


class Worker:
    """Works in rounds; `stop()` ends it after the mail at hand."""

    def __init__(self):
        self.stopping = False
        self.mail_resumes_at = 0.0

    def stop(self, *args) -> None:
        """Ask the loop to end; a signal handler by itself."""
        self.stopping = True

    def run(self) -> None:
        """Work until stopped. Errors are logged and never end it."""
        while not self.stopping:
            close_old_connections()
            done = self.work_a_round()
            if done["errors"]:
                self.wait(AFTER_TROUBLE)
            elif not done.total():
                self.wait(IDLE)

    def run_once(self) -> Counter:
        """Do everything due now; return what was done, as `work_a_round` does."""
        total = Counter()
        for _ in range(MAX_ROUNDS):
            done = self.work_a_round()
            total += done
            if self.stopping or done.total() == done["errors"]:
                break
        return total

    def work_a_round(self) -> Counter:
        """Deliver due mail and let the receivers of `work_due` do a piece of theirs.

        Return the counts of `deliver_due`, "other" (things receivers did) and "errors".
        """
        done = self.deliver()
        for receiver, answer in work_due.send_robust(sender=None):
            if isinstance(answer, Exception):
                name = f"{receiver.__module__}.{receiver.__name__}"
                logger.error("%s failed.", name, exc_info=answer)
                done["errors"] += 1
            else:
                done["other"] += answer if isinstance(answer, int) else 0
        return done

    def deliver(self) -> Counter:
        if time.monotonic() < self.mail_resumes_at:
            return Counter()
        try:
            done = deliver_due(stopping=lambda: self.stopping)
        except Exception:
            logger.exception("Delivering mail failed.")
            return Counter(errors=1)
        if done["down"]:
            self.mail_resumes_at = time.monotonic() + SERVER_REST
        return done

    def wait(self, seconds: int) -> None:
        """Sleep in short pieces, so that stopping takes a second at most."""
        for _ in range(seconds):
            if self.stopping:
                return
            time.sleep(1)
