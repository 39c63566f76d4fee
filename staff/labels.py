"""What groups and permissions are called on pages: Django shows their bare data."""

from django.contrib.auth.models import Group, Permission

from intranet.trace.rights import group_name, right_name


def teach() -> None:
    """Have `str()` say it, as forms, filters and titles show it; the history keeps bare names."""
    Group.add_to_class("__str__", lambda group: group_name(group.name))
    Permission.add_to_class("__str__", lambda right: right_name(right.codename))
