"""System checks of people: what `bulk_create` and old rows lack is said where a database is named.

They run with `check --database default`, and with every `migrate`.
"""

from django.conf import settings
from django.core.checks import Tags, Warning, register
from django.db import connections

from intranet.addresses import is_normal
from intranet.wording import counted

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
    group = f"in the group “{settings.STAFF_DEFAULT_GROUP}”"
    addresses = people.values_list("username", "email")
    found = [
        _warning(1, _names(people.without_profile()), "has|have no profile", COMPLETE),
        _warning(2, _names(people.without_default_group()), f"is|are not {group}", COMPLETE),
        _warning(
            3,
            [name for name, address in addresses if not is_normal(address)],
            "has|have an e-mail address in an odd spelling",
            CORRECT,
        ),
    ]
    return [warning for warning in found if warning]


def _names(people) -> list[str]:
    return list(people.values_list("username", flat=True))


def _warning(number: int, names: list[str], what: str, hint: str) -> Warning | None:
    """Return the warning about `names`, if any; `what` begins with a verb as "is|are"."""
    if not names:
        return None
    verbs, _, rest = what.partition(" ")
    verb = verbs.split("|")[len(names) > 1]
    named = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    message = f"{counted(len(names), 'person', 'people')} {verb} {rest}: {named}{more}."
    return Warning(message, hint=hint, id=f"staff.W{number:03}")
