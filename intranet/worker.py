"""The loop that does what is due: delivering mail, and whatever the upper floors have pending."""

import logging
import time
from collections import Counter
from threading import Thread

from django.db import close_old_connections, connections
from django.dispatch import Signal
from django.utils.translation import gettext_noop

from . import life, troubles
from .locks import is_busy
from .outbox.delivery import deliver_due
from .outbox.models import Mail
from .queue import delay
from .signals import long_work_due, work_due
from .tasks import run as tasks
from .tasks.models import Work
from .trace import counts
from .trace.action import Via, begin
from .trace.signal_map import effect
from .trace.wiring import connected, counted
from .waking import Bell

logger = logging.getLogger(__name__)

IDLE, LONGEST = 1, 30  # seconds between two rounds when nothing was due, doubled each time
SERVER_REST = 30  # seconds without mail after the mail server could not be reached
LONG_WORK_PAUSE = 60  # seconds from one start of the long work to the next
MAX_ROUNDS = 1000  # of one run that does everything due, should work never end
LAST_WORDS = 10  # seconds that work beside a page has to end when the worker is to
MAIL_TURN = 10  # seconds after which mail lets the other work have its turn
STALLS = 10  # turns in which the mail server answered nothing at all
LASTS = 30  # rounds in a row in which somebody else was writing when a receiver was to
WELL = (0, 0.0)


def log(says: str, error: BaseException) -> None:
    """Log a failure; it is none that somebody else was writing, as all is tried again."""
    if is_busy(error):
        logger.info("%s Somebody else is writing for long; it is tried again.", says)
    else:
        logger.error(says, exc_info=error)


class Worker:
    """Works in rounds; `stop()` ends it after the mail at hand."""

    def __init__(self):
        self.stopping, self.bell = False, Bell()
        self.pause = IDLE
        self.mail_resumes_at, self.stalls = 0.0, 0
        self.rests: dict[str, tuple[int, float]] = {}  # receiver -> failures, when it resumes
        self.long_work = Thread()
        self.long_work_resumes_at = 0.0
        self.done_beside = Counter()
        self.tasks = Thread()

    def stop(self, *args) -> None:
        """Ask the loop to end; a signal handler by itself."""
        self.stopping = True

    def run(self) -> None:
        """Work until stopped. Errors are logged and never end it."""
        while not self.stopping:
            close_old_connections()
            self.listen()
            self.begin_long_work()
            self.begin_tasks()
            done = self.work_a_round()
            if counts.store_now_and_then():
                self.tell_what_fails()
            if done.total() == done["errors"] + done["noted"]:
                self.wait(self.pause)
                self.pause = min(2 * self.pause, LONGEST)
            else:
                self.pause = IDLE
        if self.tasks.ident:
            self.tasks.join(LAST_WORDS)

    def run_once(self) -> Counter:
        """Do everything due now; return what was done, as `work_a_round` does."""
        self.begin_long_work()
        self.begin_tasks()
        done = self.work_until_idle()
        while any(it.is_alive() for it in (self.long_work, self.tasks)) and not self.stopping:
            time.sleep(0.1)
        done += self.done_beside + self.work_until_idle()
        counts.store()
        self.tell_what_fails()
        return done

    def work_until_idle(self) -> Counter:
        total = Counter()
        for _ in range(MAX_ROUNDS):
            if self.stopping:
                break
            done = self.work_a_round()
            total += done
            if done.total() == done["errors"]:
                break
        return total

    def work_a_round(self) -> Counter:
        """Deliver due mail and let the receivers of `work_due` do a piece of theirs.

        Return the counts of `deliver_due`, "other" (things receivers did), "errors", and "noted"
        (those errors that keep nothing else waiting).
        """
        done = self.deliver()
        self.let_all_work(work_due, done)
        return done

    def let_all_work(self, signal: Signal, done: Counter) -> None:
        for wanted, receiver in connected():
            if wanted is signal:
                self.let_work(signal, receiver, done)

    def let_work(self, signal: Signal, receiver, done: Counter) -> None:
        """Let one receiver do a piece of work; one that failed rests while the others go on."""
        life.sign()
        name = f"{receiver.__module__}.{receiver.__name__}"
        failures, resumes_at = self.rests.get(name, WELL)
        if time.monotonic() < resumes_at:
            return
        try:
            with begin(None, Via.WORKER, effect(receiver)):
                answer = counted(receiver)(signal=signal, sender=None)
        except troubles.Noted:
            done.update(["errors", "noted"])
        except troubles.FAILURES as error:
            rest = delay(failures + 1).total_seconds()
            if is_busy(error):
                rest = 0
                if failures + 1 == LASTS:
                    counted(receiver).failed(error)
            self.rests[name] = (failures + 1, time.monotonic() + rest)
            done["errors"] += 1
            log(f"{name} failed.", error)
        else:
            self.rests.pop(name, None)
            done["other"] += max(answer, 0) if isinstance(answer, int) else 0

    def tell_what_fails(self) -> None:
        """Tell the admins which receivers fail, the worker's or others."""
        try:
            with begin(None, Via.WORKER, gettext_noop("Told the admins what fails")):
                troubles.tell_of_failing()
            counts.purge()
        except troubles.FAILURES as error:
            log("The admins could not be told what fails.", error)

    def begin_long_work(self) -> None:
        """Let the receivers of `long_work_due` work in a thread, so that mail goes on."""
        if self.long_work.is_alive() or time.monotonic() < self.long_work_resumes_at:
            return
        self.long_work_resumes_at = time.monotonic() + LONG_WORK_PAUSE
        self.long_work = Thread(target=self.do_long_work, daemon=True)
        try:
            self.long_work.start()
        except RuntimeError:  # the machine has no thread to spare
            logger.exception("The long work could not be begun.")

    def do_long_work(self) -> None:
        try:
            self.let_all_work(long_work_due, self.done_beside)
        finally:
            connections.close_all()

    def begin_tasks(self) -> None:
        """Do what waits beside a page in a thread, piece by piece; or have its engine do that."""
        if not self.tasks.is_alive():
            try:
                if not tasks.is_ours():
                    tasks.send_again()
                elif Work.objects.due().exists():
                    self.tasks = Thread(target=self.do_tasks, daemon=True)
                    self.tasks.start()
            except troubles.FAILURES as error:
                log("The work beside the pages could not be begun.", error)

    def do_tasks(self) -> None:
        try:
            self.done_beside["other"] += tasks.run_due(lambda: self.stopping)
        except troubles.FAILURES as error:
            log("The work beside the pages failed.", error)
        finally:
            connections.close_all()

    def deliver(self) -> Counter:
        if time.monotonic() < self.mail_resumes_at:
            return Counter()
        until = time.monotonic() + MAIL_TURN
        try:
            done = deliver_due(stopping=lambda: self.stopping or time.monotonic() > until)
        except troubles.FAILURES as error:
            log("Delivering mail failed.", error)
            if not is_busy(error):
                self.mail_resumes_at = time.monotonic() + SERVER_REST
            return Counter(errors=1)
        stalled = time.monotonic() > until and done.total() == done[Mail.Status.QUEUED]
        self.stalls = self.stalls + 1 if stalled else 0
        if done["down"] or self.stalls >= STALLS:
            self.mail_resumes_at = time.monotonic() + SERVER_REST
        return done

    def listen(self) -> None:
        try:
            self.bell.listen()
        except troubles.FAILURES:
            logger.exception("The worker cannot be woken, and looks now and then.")

    def wait(self, seconds: int) -> None:
        """Wait until somebody has written something, and no longer than that.

        It is done in short pieces, so that stopping takes a second at most.
        """
        for _ in range(seconds):
            if self.stopping or self.rings():
                return

    def rings(self) -> bool:
        try:
            return self.bell.rings(1)
        except troubles.FAILURES as error:
            logger.debug("The worker waits without being woken: %s", error)
            time.sleep(1)
            return self.listens_again()

    def listens_again(self) -> bool:
        """Return whether it can be woken again; what was written meanwhile is to be looked for."""
        try:
            close_old_connections()
            self.bell.listen()
        except troubles.FAILURES:
            return False
        return True
