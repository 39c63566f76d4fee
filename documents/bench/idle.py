"""What a worker with nothing to do costs beside many rows."""

from collections.abc import Iterator
from threading import Timer

from django.db import connection, connections
from django.db.backends.signals import connection_created

from intranet.worker import Worker

from .clock import Line, spent
from .filling import of_size

SECONDS = 60


def idle(few: int, many: int, million: bool, seconds: int = SECONDS) -> Iterator[Line]:
    """Run a worker for a minute, after a round in which it does what is due."""
    asked: list[str] = []

    def noted(execute, sql, *args):
        asked.append(sql)
        return execute(sql, *args)

    def watch(connection, **kwargs):
        connection.execute_wrappers.append(noted)

    with of_size(many):
        Worker().run_once()
        worker = Worker()
        Timer(seconds, worker.stop).start()
        connection_created.connect(watch)
        connections.close_all()
        start = spent()
        worker.run()
        used = (spent() - start) / seconds * 100
        connection_created.disconnect(watch)
        connection.close()
    yield Line("an idle worker, % of a core", used, f"beside {many:,} rows", 0.5)
    yield Line("an idle worker, queries a minute", len(asked) * 60 / seconds, "", 60)
