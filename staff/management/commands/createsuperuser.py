"""`createsuperuser` with a plain word where Django shows a traceback."""

from django.contrib.auth.management.commands import createsuperuser
from django.core.management import CommandError
from django.db import IntegrityError, connections


class Command(createsuperuser.Command):
    """Creates a superuser; profile, default group and welcome mail follow by themselves."""

    def handle(self, *args, **options):
        tables = connections[options["database"]].introspection.table_names()
        if self.UserModel._meta.db_table not in tables:
            raise CommandError("There are no tables yet. Run first: python manage.py migrate")
        try:
            return super().handle(*args, **options)
        except IntegrityError as error:
            if "email" not in str(error):
                raise
            message = "An e-mail address is needed, on a single line, that nobody else has."
            raise CommandError(message) from error
