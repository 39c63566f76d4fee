"""What an import looks up once, so that its rows need not ask the database one by one."""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import override

from intranet.addresses import key
from intranet.tables import fold

from ..forms import Database
from ..models import Department, User
from ..roles import can_grant
from ..usernames import username_for
from .columns import COLUMNS, join, nobody, split

CHUNK = 1000
YES = {"yes", "y", "true", "1", "x", "ja", "j", "wahr", "oui", "o", "vrai"}
NO = {"no", "n", "false", "0", "nein", "falsch", "non", "faux"}
DATE = forms.DateField(
    required=False,
    input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"],
    error_messages={"invalid": _lazy("This is no date. Write it as 2026-01-31.")},
)


class Known(Database):
    """Departments, groups, and the people a table names by e-mail address or staff number.

    Answers what forms ask, and has for some columns what a cell stands for; ValidationError says
    what is wrong with it. `about` are the cells that say whom a row is about.
    """

    def __init__(self, about: set[str], managers: set[str]):
        self.keys = {key(cell) for cell in about if cell}
        self.managers = {*managers, *map(key, managers)}
        self.everybody = super().default_group()
        departments = list(Department.objects.prefetch_related("groups"))
        self.departments = {department.name: department for department in departments}
        self.department_groups = {it.pk: set(it.groups.all()) for it in departments}
        self.groups = called(Group.objects.all())
        self.labels = {name: str(label) for name, label in COLUMNS.items()}
        self.nobody = nobody()
        self.usernames = {name.lower() for name in User.objects.values_list("username", flat=True)}
        self.verdicts = {}  # which groups the actor may give
        self.people = {}  # by e-mail address and by staff number
        self._load(sorted(about | managers))
        self.at_first = dict(self.people)  # as they were called before the import

    def _load(self, cells: list[str]) -> None:
        people = User.objects.select_related("profile__department", "profile__manager")
        people = people.prefetch_related("groups").alias(lower_email=Lower("email"))
        for start in range(0, len(cells), CHUNK):
            chunk = cells[start : start + CHUNK]
            found = [*people.filter(lower_email__in=[key(cell) for cell in chunk])]
            for user in [*found, *people.filter(profile__staff_number__in=chunk)]:
                self.add(user)

    def add(self, user: User) -> None:
        """Remember `user` by what they are called now; somebody known twice stays one object.

        Somebody new whom no row names as a manager need not be found again.
        """
        self.usernames.add(user.username.lower())
        email = key(user.email)
        number = user.profile.staff_number if hasattr(user, "profile") else ""
        if user.pk is None and self.managers.isdisjoint({email, number}):
            return
        user = self.people.setdefault(email, user)
        if number:
            self.people[number] = user

    def forget(self, email: str, number: str) -> None:
        """Drop what somebody was called before they changed."""
        self.people.pop(key(email), None)
        self.people.pop(number, None)

    def find(self, cell: str) -> User | None:
        """Return whoever has the e-mail address or staff number in `cell`."""
        return self.people.get(key(cell)) or self.people.get(cell)

    def default_group(self) -> Group:
        return self.everybody

    def groups_of(self, department_id: int | None) -> set[Group]:
        return self.department_groups.get(department_id, set())

    def at_address(self, email: str) -> User | None:
        return self.people.get(key(email))

    def username_for(self, email: str) -> str:
        return username_for(email, self.usernames.__contains__)

    def can_grant(self, actor: User, groups: set[Group], to: User | None = None) -> bool:
        """Ask once for the same groups; what is one's own is asked anew."""
        if actor == to:
            return can_grant(actor, groups, to)
        asked = frozenset(groups)
        if asked not in self.verdicts:
            self.verdicts[asked] = can_grant(actor, groups)
        return self.verdicts[asked]

    def read_department(self, cell: str) -> Department | None:
        department = _named(self.departments, cell) if cell else None
        if cell and not department:
            meant = _did_you_mean(cell, self.departments)
            raise ValidationError(_("There is no department of this name.") + meant)
        return department

    def read_manager(self, cell: str) -> User | str | None:
        """Return the manager, or the cell itself for somebody further down."""
        if not cell or (manager := self.find(cell)):
            return manager if cell else None
        if key(cell) not in self.keys:
            raise ValidationError(_("Nobody has this e-mail address or staff number."))
        return cell

    def read_groups(self, cell: str) -> set[Group]:
        found = {name: _named(self.groups, name) for name in split(cell)}
        if missing := [name for name, group in found.items() if not group]:
            meant = _did_you_mean(missing[0], self.groups)
            text = _("There is no group %(groups)s.") % {"groups": join(missing)}
            raise ValidationError(text + meant)
        return {*found.values(), self.everybody}

    def read_is_staff(self, cell: str) -> bool:
        if cell.lower() not in YES | NO:
            raise ValidationError(_("Write yes or no."))
        return cell.lower() in YES

    read_is_active = read_is_staff

    def read_started_on(self, cell: str) -> date | None:
        return DATE.clean(cell)

    read_left_on = read_started_on


def called(groups: Iterable[Group]) -> dict[str, Group]:
    """Return groups by their names, and by what pages call them in any language of the site."""
    found = {group.name: group for group in groups}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found = {str(group): group for group in found.values()} | found
    return found


def _named(rows: dict, name: str):
    """Return the row of this name, or the only one whose name differs in case and blanks alone."""
    if name in rows:
        return rows[name]
    same = {row for other, row in rows.items() if fold(other) == fold(name)}
    return same.pop() if len(same) == 1 else None


def _did_you_mean(name: str, rows: dict) -> str:
    """Return a question that offers the likeliest of `rows`, or nothing."""
    folded = {fold(other): row for other, row in rows.items()}
    near = get_close_matches(fold(name), folded, n=1)
    return " " + _("Did you mean “%(name)s”?") % {"name": folded[near[0]]} if near else ""
