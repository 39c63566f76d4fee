"""Groups that come with a department: whoever belongs to it is in them."""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import NamedTuple
from weakref import ref

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS
from django.db.models.constants import OnConflict
from django.db.models.signals import m2m_changed

from intranet.trace.bulk import insert
from intranet.trace.changes import remember_names
from intranet.trace.together import write

from .asking import asked_once
from .models import Department, User

FIELDS = frozenset({"department", "department_id", "departed_at"})  # what decides on the groups

_loaded: ContextVar = ContextVar("department that loaddata is writing", default=None)


class Link(NamedTuple):
    user_id: int
    group_id: int


def note_loaded(department: Department | None) -> None:
    """Note which department `loaddata` writes: `m2m_changed`, sent next for it, does not say."""
    _loaded.set(department and ref(department))


def is_loaded(instance) -> bool:
    """Return whether `instance` is the department that `loaddata` is writing."""
    noted = _loaded.get()
    return noted is not None and noted() is instance


@asked_once
def groups_of(department_id: int | None, using: str = DEFAULT_DB_ALIAS) -> set[Group]:
    """Return the groups of a department; none for None."""
    groups = Group.objects.using(using)
    return set(groups.filter(department=department_id)) if department_id else set()


def admit(user, groups: Iterable[Group]) -> None:
    """Put somebody new into groups, without asking first which of these they are in."""
    if groups:
        write(admit_all, (user, tuple(groups)), user._state.db)


def admit_all(admitted: list[tuple[User, tuple[Group, ...]]], using: str) -> None:
    """Put people into the groups beside them; each tells of it as `groups.add` does."""
    through = User.groups.through
    about = {"sender": through, "reverse": False, "model": Group, "using": using}
    told = [about | {"instance": it, "pk_set": {i.pk for i in groups}} for it, groups in admitted]
    remember_names({group for _, groups in admitted for group in groups})
    for it in told:
        m2m_changed.send(action="pre_add", **it)
    links = [Link(it["instance"].pk, key) for it in told for key in it["pk_set"]]
    insert(through, links, using, OnConflict.IGNORE)
    for it in told:
        m2m_changed.send(action="post_add", **it)


def move(user, old_id: int | None, new_id: int | None, using: str, is_new: bool) -> None:
    """Take the groups of the old department from `user` and give those of the new one."""
    if old_id == new_id:
        return
    old, new = groups_of(old_id, using), groups_of(new_id, using)
    user.groups.remove(*removable(old - new))
    admit(user, new) if is_new else user.groups.add(*new)


def spread(departments, groups, using: str) -> None:
    """Give `groups` to everybody in `departments`."""
    for group in groups:
        group.user_set.add(*members(departments, using))


def withdraw(departments, groups, using: str) -> None:
    """Take `groups` from everybody in `departments`."""
    for group in removable(groups):
        group.user_set.remove(*members(departments, using))


def members(departments, using: str = DEFAULT_DB_ALIAS):
    """Return the keys of the people who belong to any of `departments`."""
    here = User.objects.using(using).filter(profile__departed_at=None)
    return here.filter(profile__department__in=departments).values_list("pk", flat=True)


def removable(groups) -> set[Group]:
    """Leave out the default group, which nobody loses."""
    return {group for group in groups if group.name != settings.STAFF_DEFAULT_GROUP}


def links(instance, reverse: bool, pk_set, using: str) -> tuple[list, list]:
    """Return (departments, groups) named by an m2m_changed signal, from whichever side it came.

    `pk_set` is None when all links of `instance` are being cleared.
    """
    model, ours = (Department, "groups") if reverse else (Group, "department")
    which = {ours: instance} if pk_set is None else {"pk__in": pk_set}
    linked = list(model._default_manager.using(using).filter(**which))
    return (linked, [instance]) if reverse else ([instance], linked)
