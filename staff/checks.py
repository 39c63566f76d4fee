"""System checks of people: what `bulk_create` and old rows lack is said where a database is named.

They run with `check --database default`, and with every `migrate`.
"""

from django.core.checks import Tags, Warning, register
from django.db import connections
from django.utils.translation import gettext_lazy

from intranet.addresses import is_normal
from intranet.trace.phrases import nphrase
from intranet.trace.telling import named

from .models import User

BARE = nphrase("%(count)s person without a profile", "%(count)s people without a profile")
OUTSIDERS = nphrase(
    "%(count)s person who is not in the group for all",
    "%(count)s people who are not in the group for all",
)
ODD = nphrase(
    "%(count)s person whose e-mail address is in an odd spelling",
    "%(count)s people whose e-mail addresses are in an odd spelling",
)
COMPLETE = gettext_lazy("Run: python manage.py complete_people")
CORRECT = gettext_lazy(
    "Mail may not reach them. Type the address anew on their page; where two have one mailbox, "
    "keep one of them."
)


@register(Tags.database)
def check_people(app_configs, databases=None, **kwargs):
    """Everybody has a profile, the default group, and an address that is written in one way."""
    return [warning for using in databases or () for warning in _found(using)]


def _found(using: str) -> list[Warning]:
    if User._meta.db_table not in connections[using].introspection.table_names():
        return []
    people = User.objects.using(using).order_by("username")
    bare, outsiders = people.without_profile(), people.without_default_group()
    odd = (name for name, email in people.values_list("username", "email") if not is_normal(email))
    found = [
        (BARE, bare.values_list("username", flat=True), COMPLETE),
        (OUTSIDERS, outsiders.values_list("username", flat=True), COMPLETE),
        (ODD, odd, CORRECT),
    ]
    return [
        Warning(
            str(named(sentence.of(len(names)), names)),
            hint=hint,
            id=f"staff.W{number:03}",
        )
        for number, (sentence, people, hint) in enumerate(found, start=1)
        if (names := list(people))
    ]
