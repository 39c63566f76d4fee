"""System checks of people: what `bulk_create` and old rows lack is said where a database is named.

They run with `check --database default`, and with every `migrate`.
"""

from django.conf import settings
from django.core.checks import Tags, Warning, register
from django.db import connections

from intranet.addresses import is_normal

from .models import User

NAMED = 10
COMPLETE = "Run: python manage.py complete_people"
CORRECT = (
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
    outside = f"outside the group “{settings.STAFF_DEFAULT_GROUP}”"
    odd = (name for name, email in people.values_list("username", "email") if not is_normal(email))
    found = [
        ("without a profile", bare.values_list("username", flat=True), COMPLETE),
        (outside, outsiders.values_list("username", flat=True), COMPLETE),
        ("whose e-mail address is in an odd spelling", odd, CORRECT),
    ]
    return [
        Warning(f"People {who}: {_first(names)}.", hint=hint, id=f"staff.W{number:03}")
        for number, (who, people, hint) in enumerate(found, start=1)
        if (names := list(people))
    ]


def _first(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
