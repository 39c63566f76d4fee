"""What scenarios are made of.

A stored file's name begins with its content ("b_x7Gf.txt" holds "b"), so that whoever finds a
name knows what has to be in the file.
"""

import os
import signal
import threading
from collections import namedtuple
from contextlib import contextmanager, suppress
from unittest.mock import patch

from django.core.files.base import ContentFile
from django.db import connection, connections, transaction
from django.db.models.signals import pre_save

from .models import Paper

Scenario = namedtuple("Scenario", "group description run")
SCENARIOS: dict[str, Scenario] = {}


class RolledBack(Exception):
    """Ends a transaction that is meant to fail."""


def scenario(description: str):
    """Register a function as a scenario: it does something, and what it leaves is judged."""

    def register(function):
        group = function.__module__.rpartition(".")[2]
        SCENARIOS[function.__name__] = Scenario(group, description, function)
        return function

    return register


def upload(tag: str) -> ContentFile:
    """Return an uploaded file that holds `tag` and is named after it."""
    return ContentFile(tag.encode(), f"{tag}.txt")


def paper(tag="a", **fields) -> Paper:
    return Paper.objects.create(file=upload(tag), **fields)


def replace(row, tag="b", field="file"):
    setattr(row, field, upload(tag))
    row.save()


def again(row):
    """Return the row as somebody else loads it."""
    return type(row)._base_manager.get(pk=row.pk)


@contextmanager
def rolled_back():
    with suppress(RolledBack), transaction.atomic():
        yield
        raise RolledBack


@contextmanager
def outage():
    """No file can be removed, and whatever comes of that is the visitor's error page."""
    with suppress(OSError), patch("os.remove", side_effect=OSError("the disk does not answer")):
        yield


def die():
    """End this process as `kill -9` and the power cut do."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(step):
    """Run `step` in a process of its own, which has to end by `die()`."""
    connections.close_all()
    pid = os.fork()
    if not pid:
        with suppress(Exception):
            step()
        os._exit(1)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status), "the step was not killed"  # noqa: S101


@contextmanager
def meanwhile(step):
    """Let somebody else do `step` after the receivers of the next save, before its UPDATE.

    An engine that locks the row makes the other one wait, so the save does not wait for ever.
    """

    def run():
        try:
            step()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def interrupt(**kwargs):
        pre_save.disconnect(interrupt, sender=Paper)
        other.start()
        other.join(timeout=5)

    errors = []
    other = threading.Thread(target=run)
    pre_save.connect(interrupt, sender=Paper)
    yield
    other.join()
    if errors:
        raise errors[0]
