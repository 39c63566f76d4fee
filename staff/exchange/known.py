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
    what is wrong with it. `about` are the cells that say whom a row is about; who is meant by those
    of the next rows, `look_up` finds out.
    """

    def __init__(self, about: set[str], managers: set[str]):
        self.keys = {key(cell) for cell in about if cell}
        self.managers = {*managers, *map(key, managers)}
        self.everybody = super().default_group()
        departments = list(Department.objects.prefetch_related("groups"))
        self.departments = {department.name: department for department in departments}
        self.department_groups = {it.pk: set(it.groups.all()) for it in departments}
        self.groups = by_name(Group.objects.all())
        self.labels = {name: str(label) for name, label in COLUMNS.items()}
        self.nobody = nobody()
        self.usernames = {name.lower() for name in User.objects.values_list("username", flat=True)}
        self.people = {}  # by e-mail address and by staff number
        self.at_first = {}  # as they were called before the import
        self.former = set()  # what some were called before it, and are no more
        self._load(sorted(managers))

    def look_up(self, about: set[str]) -> None:
        """Learn whom the next rows are about, and let those go whom only the last ones named."""
        lasting = self.managers | self.former
        for known in (self.people, self.at_first):
            for name in known.keys() - lasting:
                del known[name]
        self._load(sorted(about))

    def _load(self, cells: list[str]) -> None:
        """Read who is called by one of `cells`."""
        people = User.objects.select_related("profile__department", "profile__manager")
        people = people.prefetch_related("groups").alias(lower_email=Lower("email"))
        for start in range(0, len(cells), CHUNK):
            chunk = cells[start : start + CHUNK]
            found = [*people.filter(lower_email__in=[key(cell) for cell in chunk])]
            for row in [*found, *people.filter(profile__staff_number__in=chunk)]:
                user = self.add(row)
                for name in filter(None, called(row)):
                    self.at_first.setdefault(name, user)

    def add(self, user: User) -> User:
        """Remember `user` by what they are called now; somebody known twice stays one object.

        Somebody new whom no row names as a manager need not be found again.
        """
        self.usernames.add(user.username.lower())
        email, number = called(user)
        if user.pk is None and self.managers.isdisjoint({email, number}):
            return user
        user = self.people.setdefault(email, user)
        if number:
            self.people[number] = user
        return user

    def forget(self, user: User, email: str, number: str) -> None:
        """Drop what somebody was called before they changed."""
        for name in (key(email), number):
            self.people.pop(name, None)
        self.former |= {key(email), number} - {*called(user)}

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


def called(user: User) -> tuple[str, str]:
    """Return what rows may name somebody by: the e-mail address and, if any, the staff number."""
    number = user.profile.staff_number if hasattr(user, "profile") else ""
    return key(user.email), number or ""


def by_name(groups: Iterable[Group]) -> dict[str, Group]:
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
