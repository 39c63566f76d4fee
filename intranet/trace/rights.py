"""Who gains or loses rights by what an action changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from .models import Change
from .packing import Every
from .phrases import Said, phrase
from .telling import named

EVERYBODY: set[str] = set()  # groups that whoever is added is in; another floor fills it
GAINED, LOST = "gained", "lost"
SWITCHES = ("is_active", "is_staff")  # who has both can sign in
DOES = {
    "view": gettext_lazy("view"),
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
}
Changes = Collection[Change] | Every
Gains = dict[tuple[str, str], list[str]]  # (GAINED or LOST, what) -> names


def gains(changes: Changes, using: str, of_new: bool = True) -> Gains:
    """Return who gains or loses which rights; whoever is added gains what not everybody has.

    Nothing is said `of_new` rows if that is false.
    """
    found: Gains = defaultdict(list)
    if not changes:
        return found
    people = ContentType.objects.db_manager(using).get_for_model(get_user_model())
    groups = ContentType.objects.db_manager(using).get_for_model(Group)

    def of_either() -> Iterator[Change]:
        for it in changes:
            is_of_person = it.content_type_id == people.pk and it.kind != Change.Kind.DELETED
            if is_of_person or it.content_type_id == groups.pk:
                yield it

    new = {row_of(it) for it in of_either() if it.kind == Change.Kind.CREATED}
    spared = set() if of_new else new

    def told() -> Iterator[Change]:
        return (it for it in of_either() if row_of(it) not in spared)

    bundles = with_rights(told(), using)
    switched: list[Change] = []
    for it in told():
        if it.content_type_id == groups.pk:
            of_members(it, found, using)
            continue
        is_new = row_of(it) in new
        for direction, names in linked(it, "groups"):
            for name in names & bundles - (EVERYBODY if is_new else set()):
                found[direction, _("the group %(name)s") % {"name": group_name(name)}].append(
                    it.object_name
                )
        for direction, names in linked(it, "user_permissions"):
            for name in names:
                found[direction, _("the right “%(right)s”") % {"right": right_name(name)}].append(
                    it.object_name
                )
        before, after = it.values.get("is_superuser", (None, None))
        if bool(before) != bool(after):
            found[GAINED if after else LOST, _("all rights (superuser)")].append(it.object_name)
        if it.kind == Change.Kind.CREATED:
            if all(it.values.get(name, (None, None))[1] for name in SWITCHES):
                found[GAINED, _("sign-in")].append(it.object_name)
        elif not it.values.keys().isdisjoint(SWITCHES):
            switched.append(it)
    if switched:
        of_sign_in(switched, found, using)
    return found


def row_of(it: Change) -> tuple[int, str]:
    return it.content_type_id, it.object_key


def group_called(name: str) -> Said:
    """Return what a group is called, in any language."""
    return phrase("Everybody") if name in EVERYBODY else name


def group_name(name: str) -> str:
    """Return what a group is called on pages."""
    return str(group_called(name))


def right_name(codename: str) -> str:
    """Return "Papers: add"; of a right of another kind, its own sentence; else what is given."""
    return right_in(get_language(), codename)


@cache
def right_in(language: str | None, codename: str) -> str:
    opts, do, sentence = right_of(codename)
    if opts and do in DOES:
        things = capfirst(str(opts.verbose_name_plural))
        return _("%(things)s: %(do)s") % {"things": things, "do": DOES[do]}
    return _(str(sentence)) if sentence else codename


@cache
def right_of(codename: str) -> tuple[Any, str, Any]:
    """Return the model that a right is about and what it lets one do, or its sentence."""
    do, _sep, name = codename.partition("_")
    for model in apps.get_models():
        if do in DOES and name == model._meta.model_name:
            return model._meta, do, ""
        if sentence := dict(model._meta.permissions).get(codename):
            return None, "", sentence
    return None, "", ""


def with_rights(changes: Iterable[Change], using: str) -> set[str]:
    """Return the names of those groups in the changes that give, or gave, any right."""
    names, gone = set(), set()
    for it in changes:
        names |= {name for _, some in linked(it, "groups") for name in some}
        gone |= {it.object_name} if linked(it, "permissions")[1][1] else set()
    if not names:
        return gone
    groups = Group.objects.using(using).filter(name__in=names).exclude(permissions=None)
    return {*groups.values_list("name", flat=True)} | gone


def linked(it: Change, field: str) -> list[tuple[str, set[str]]]:
    names: Any = it.values.get(field) or {}
    return [(GAINED, {*names.get("added", ())}), (LOST, {*names.get("removed", ())})]


def of_members(it: Change, found: Gains, using: str) -> None:
    """Add what the members of a group gain or lose by its permissions."""
    if "permissions" not in it.values:
        return
    users = get_user_model()._base_manager.using(using)
    names = [str(user) for user in users.filter(groups=int(it.object_key))]
    for direction, rights in linked(it, "permissions"):
        for right in rights if names else ():
            what = _("the right “%(right)s”, by the group %(group)s")
            said = what % {"right": right_name(right), "group": group_name(it.object_name)}
            found[direction, said] += names


def of_sign_in(switched: list[Change], found: Gains, using: str) -> None:
    """Add whose sign-in is given or taken by one of the two switches; whoever is gone had both."""
    names = {it.object_key: it.object_name for it in switched}
    rows = get_user_model()._base_manager.using(using).filter(pk__in=names)
    now = {str(row.pop("pk")): row for row in rows.values("pk", *SWITCHES)}
    before, after = (
        {key: now.get(key, dict.fromkeys(SWITCHES, True)).copy() for key in names} for _ in range(2)
    )
    for it in switched:
        after[it.object_key] |= {k: it.values[k][1] for k in SWITCHES if k in it.values}
    for it in reversed(switched):
        before[it.object_key] |= {k: it.values[k][0] for k in SWITCHES if k in it.values}
    for key, name in names.items():
        if all(before[key].values()) != all(after[key].values()):
            found[GAINED if all(after[key].values()) else LOST, _("sign-in")].append(name)


def lines(found: Gains) -> list[Any]:
    """Return "Gained: the group HR: names" and so on."""
    texts = {GAINED: _("Gained: %(what)s"), LOST: _("Lost: %(what)s")}
    ordered = sorted(found.items())
    return [named(texts[direction] % {"what": it}, who) for (direction, it), who in ordered]
