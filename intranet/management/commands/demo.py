"""A filled, plainly fictional organisation, to look at and to try things on."""

import os
import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string
from tqdm import tqdm

from intranet.trace.action import batched
from intranet.trace.effects import all_paused

ADMIN = {"username": "admin", "email": "admin@example.com"}


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
        self.stdout.write("\n".join(lines))


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
