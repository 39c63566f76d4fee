"""Power cuts, full disks and other people's code."""

import os
from contextlib import suppress
from unittest.mock import patch

from django.db import transaction
from django.db.models.signals import post_delete

from ..lab import (
    RolledBack,
    die,
    killed,
    outage,
    paper,
    replace,
    rolled_back,
    scenario,
    upload,
)
from ..models import Paper


def fail(**kwargs):
    raise RolledBack


@scenario("storage error on delete")
def outage_on_delete():
    row = paper()
    with outage():
        row.delete()


@scenario("storage error on replace")
def outage_on_replace():
    row = paper()
    with outage():
        replace(row)


@scenario("storage error on a queryset delete")
def outage_on_queryset_delete():
    for tag in "abc":
        paper(tag)
    with outage():
        Paper.objects.all().delete()


@scenario("storage error on upload")
def outage_on_upload():
    row = paper()
    full = OSError("no space left on device")
    with (
        suppress(OSError),
        patch("django.core.files.storage.FileSystemStorage._save", side_effect=full),
    ):
        replace(row)


@scenario("an earlier on_commit callback fails: delete")
def callback_fails_on_delete():
    row = paper()
    with suppress(RolledBack), transaction.atomic():
        transaction.on_commit(fail)
        row.delete()


@scenario("an earlier on_commit callback fails: replace")
def callback_fails_on_replace():
    row = paper()
    with suppress(RolledBack), transaction.atomic():
        transaction.on_commit(fail)
        replace(row)


@scenario("a post_delete receiver of somebody else fails")
def receiver_fails():
    row = paper()
    post_delete.connect(fail, sender=Paper)
    with suppress(RolledBack):
        row.delete()


@scenario("kill -9 before the commit of a delete")
def killed_before_delete_commits():
    row = paper()

    def step():
        with transaction.atomic():
            row.delete()
            die()

    killed(step)


@scenario("kill -9 before the commit of a replace")
def killed_before_replace_commits():
    row = paper()

    def step():
        with transaction.atomic():
            replace(row)
            die()

    killed(step)


@scenario("kill -9 between the commit of a delete and the removal")
def killed_after_delete_commits():
    row = paper()

    def step():
        with transaction.atomic():
            transaction.on_commit(die)
            row.delete()

    killed(step)


@scenario("kill -9 between the commit of a replace and the removal")
def killed_after_replace_commits():
    row = paper()

    def step():
        with transaction.atomic():
            transaction.on_commit(die)
            replace(row)

    killed(step)


@scenario("kill -9 after an upload, before its row is written")
def killed_after_upload():
    def step():
        with transaction.atomic():
            paper()
            die()

    killed(step)


@scenario("kill -9 while 50 files are being removed")
def killed_in_the_middle():
    Paper.objects.bulk_create(Paper(file=upload(f"n{number}")) for number in range(50))
    remove, removed = os.remove, []

    def remove_ten(path):
        removed.append(path)
        remove(path) if len(removed) < 10 else die()

    def step():
        with patch("os.remove", remove_ten):
            Paper.objects.all().delete()

    killed(step)


@scenario("kill -9, then the deletion is done again")
def killed_and_repeated():
    row = paper()

    def step():
        with transaction.atomic():
            row.delete()
            die()

    killed(step)
    row.delete()


@scenario("a deletion rolled back after another one's outage")
def outage_then_rollback():
    first, second = paper("a"), paper("b")
    with outage():
        first.delete()
    with rolled_back():
        second.delete()
