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
    addresses = people.values_list("username", "email")
    return [
        *_warning("W001", "without a profile", _names(people.without_profile()), COMPLETE),
        *_warning(
            "W002",
            f"outside the group “{settings.STAFF_DEFAULT_GROUP}”",
            _names(people.without_default_group()),
            COMPLETE,
        ),
        *_warning(
            "W003",
            "whose e-mail address is in an odd spelling",
            [name for name, address in addresses if not is_normal(address)],
            CORRECT,
        ),
    ]


def _names(people) -> list[str]:
    return list(people.values_list("username", flat=True))


def _warning(number: str, who: str, names: list[str], hint: str) -> list[Warning]:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    says = f"People {who}: {', '.join(names[:NAMED])}{more}."
    return [Warning(says, hint=hint, id=f"staff.{number}")] if names else []
