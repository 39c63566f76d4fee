"""What groups and permissions are called on pages: Django shows their bare data."""

from django.contrib.auth.models import Group, Permission
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intranet.trace.rights import group_name

DOES = {
    "view": gettext_lazy("view"),
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
}


def permission_name(permission: Permission) -> str:
    """Return "Papers: add"; of a right of another kind, its own sentence."""
    do, _sep, name = permission.codename.partition("_")
    kind = permission.content_type.model_class()
    if kind is None or do not in DOES or name != permission.content_type.model:
        return _(permission.name)
    things = capfirst(str(kind._meta.verbose_name_plural))
    return _("%(things)s: %(do)s") % {"things": things, "do": DOES[do]}


def teach() -> None:
    """Have `str()` say it, as forms, filters and titles show it; the history keeps bare names."""
    Group.add_to_class("__str__", lambda group: group_name(group.name))
    Permission.add_to_class("__str__", permission_name)
