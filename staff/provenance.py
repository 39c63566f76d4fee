"""Where somebody's rights come from: from being there, from a department, or given by hand."""

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from intranet.trace.rights import DOES

from . import roles
from .models import Department
from .profiles import profile_of


class Source(NamedTuple):
    """A bundle of rights: what it is called, how the person came by it, and what it allows."""

    name: str
    origin: str
    rights: str


def read_rights(user, viewer) -> None:
    """Read what is shown and asked of the rights of `user`, once for all of a page."""
    source, bring = profile_of(user).group_source_id, Department.groups.through.objects
    inherited = bring.filter(group=OuterRef("pk"), department=source)
    groups = Prefetch("groups", Group.objects.annotate(is_inherited=Exists(inherited)))
    permissions = Permission.objects.order_by()  # nothing is joined to read them
    alone = [Prefetch("user_permissions", permissions)] if viewer.is_superuser else []
    wanted = [groups, Prefetch("groups__permissions", permissions), *alone]
    prefetch_related_objects([user], *wanted)


def sources(user, viewer) -> list[Source]:
    """Return where the rights of `user` come from.

    What was given by hand beside groups is for superusers to know.
    """
    read_rights(user, viewer)
    groups = sorted(user.groups.all(), key=attrgetter("name"))
    department, found = profile_of(user).department, []
    for group in groups:
        origin = _("given by hand")
        if group.is_inherited:
            origin = _("from the department %(department)s") % {"department": department}
        if group.name == settings.STAFF_DEFAULT_GROUP:
            origin = _("everybody is in it")
        kind = _("role") if group.name in roles.roles() else _("group")
        found.append(Source(str(group), f"{kind}, {origin}", in_words(group.permissions.all())))
    if viewer.is_superuser and user.is_superuser:
        found.append(Source(_("Superuser"), _("given by hand"), _("everything")))
    if viewer.is_superuser and (alone := user.user_permissions.all()):
        found.append(Source(_("Without a group"), _("given by hand"), in_words(alone)))
    return found


def in_words(permissions: Iterable[Permission]) -> str:
    """Return what permissions allow: "people (add, change), posts (view)"."""
    models, others, kinds = defaultdict(list), [], models_by_content_type()
    for permission in permissions:
        do, _sep, model = permission.codename.partition("_")
        kind = kinds.get(permission.content_type_id)
        if kind and model == kind._meta.model_name and do in DOES:
            models[str(kind._meta.verbose_name_plural)].append(str(DOES[do]))
        else:
            others.append(_(permission.name))
    allowed = [f"{name} ({', '.join(sorted(does))})" for name, does in sorted(models.items())]
    return ", ".join(allowed + sorted(others)) or _("nothing by itself")


def models_by_content_type() -> dict[int, type[Model]]:
    """Return the model of each content type, by its key; Django keeps them in memory."""
    found = ContentType.objects.get_for_models(*apps.get_models(), for_concrete_models=False)
    return {it.pk: model for model, it in found.items()}
