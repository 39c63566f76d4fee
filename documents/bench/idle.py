"""What a worker with nothing to do costs beside many rows."""

from collections.abc import Iterator
from threading import Timer

from django.conf import settings
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.test import override_settings

from intranet.worker import LONGEST, Worker

from . import clock
from .clock import Line, spent
from .filling import of_size, settle

SECONDS = 60


def idle(few: int, many: int, million: bool) -> Iterator[Line]:
    """Run a worker for a minute that has had nothing to do for another, but for a single round.

    What would be old enough to go within the minute, as a row of the bench is each minute, is gone.
    """
    asked: list[str] = []
    seconds = SECONDS if clock.rounds > 1 else 2

    def noted(execute, sql, *args):
        asked.append(sql)
        return execute(sql, *args)

    def watch(connection, **kwargs):
        connection.execute_wrappers[:] = [noted]  # each thread has a connection of its own

    with of_size(many):
        with override_settings(FILE_REMOVAL_KEEP_DAYS=settings.FILE_REMOVAL_KEEP_DAYS - 1):
            Worker().run_once()
        settle()
        connections.close_all()
        worker = Worker()
        worker.pause = LONGEST
        Timer(seconds, worker.stop).start()
        connection_created.connect(watch)
        start = spent()
        worker.run()
        used = (spent() - start) / seconds * 100
        connection_created.disconnect(watch)
        connection.execute_wrappers.clear()
    core, queries = (0.5, 60) if seconds == SECONDS else ("", "")  # its start counts for less then
    yield Line("an idle worker, % of a core", used, f"beside {many:,} rows", core)
    yield Line("an idle worker, queries a minute", len(asked) * 60 / seconds, "", queries)
