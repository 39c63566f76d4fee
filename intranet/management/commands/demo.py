"""A filled, plainly fictional organisation, to look at and to try things on."""

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from tqdm import tqdm

from intranet.files import marker
from intranet.models import FileFault, FileRemoval, ReceiverDay
from intranet.trace.action import batched
from intranet.trace.effects import all_paused

ADMIN = {"username": "admin", "email": "admin@example.com"}
STRAY = b"Nobody's, for show."


class Command(BaseCommand):
    """Fill an empty intranet with what every floor has made up, and make the superuser `admin`.

    Each floor's `demo.fill(progress)` adds its rows, the lower floor's first, and returns lines for
    the summary. It is one transaction, and nobody is mailed or told. A site that has people already
    is left as it is, passwords included.
    """

    help = "Fills an empty intranet with a fictional organisation and makes the superuser admin."

    def add_arguments(self, parser):
        parser.add_argument(
            "--force", action="store_true", help="Do it although SECRET_KEY is set (production)."
        )

    def handle(self, *, force, verbosity, **options):
        if settings.PRODUCTION and not force:
            raise CommandError(
                "SECRET_KEY is set, so this is a site in production; made-up people do not belong "
                "there. If it is a trial: demo --force"
            )
        people = get_user_model().objects.filter(is_superuser=False).count()
        if people:
            self.stdout.write(
                f"{people} people are here already: nothing was added and no password changed.\n"
                f"For a new password: python manage.py changepassword {ADMIN['username']}"
            )
            return
        bar = tqdm(total=0, desc="Filling the demo", unit=" rows", disable=not verbosity)
        with batched(), all_paused(), bar as progress:
            lines = [make_admin()]
            for floor in settings.FLOORS:
                fill = import_string(f"{floor}.demo.fill")
                lines += fill(progress)
            let_some_fail()
        self.stdout.write("\n".join(lines))


def let_some_fail() -> None:
    """Leave on the first page what an operator has to look at, as it can happen anywhere."""
    now = timezone.now()
    FileRemoval.objects.create(
        storage="default",
        name=f"other/{uuid4().hex}.pdf",
        reason=FileRemoval.Reason.ORPHANED,
        due_at=now + timedelta(hours=5),
        attempts=6,
        error="PermissionError: The folder may not be written to.",
    )
    facts = {"size": len(STRAY), "stored_at": now - timedelta(days=40)}
    stray = FileFault.objects.create(storage="default", name=f"other/{uuid4().hex}.txt", **facts)
    transaction.on_commit(partial(put_stray, stray))
    ReceiverDay.objects.create(
        receiver="intranet.sweep_files_nightly",
        day=timezone.localdate(),
        runs=1,
        failures=1,
        last_run_at=now,
        last_error="TimeoutError: The store of the files did not answer.",
        told_at=now,
    )


def put_stray(stray: FileFault) -> None:
    """Put a file that no row names into the store, if that is this database's."""
    with suppress(marker.NotTied):
        marker.check("default")
        default_storage.save(stray.name, ContentFile(STRAY))
        with suppress(NotImplementedError):  # in a bucket
            os.utime(default_storage.path(stray.name), 2 * (stray.stored_at.timestamp(),))


def make_admin() -> str:
    """Make the superuser unless there is one of that name; return how to sign in."""
    users = get_user_model().objects
    if users.filter(username=ADMIN["username"]).exists():
        return "The superuser admin keeps its password."
    given = os.environ.get("DJANGO_SUPERUSER_PASSWORD")
    password = given or secrets.token_urlsafe(9)
    users.create_superuser(**ADMIN, password=password)
    shown = "the password in DJANGO_SUPERUSER_PASSWORD" if given else password
    return f"  {ADMIN['username']:<22} {shown:<14} superuser, may do everything"
