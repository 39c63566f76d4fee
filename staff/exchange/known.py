"""What an import looks up once, so that its rows need not ask the database one by one."""

from collections.abc import Iterable
from difflib import get_close_matches

from django.contrib.auth.models import Group
from django.db.models.functions import Lower

from intranet.addresses import key
from intranet.tables import fold

from .. import roles
from ..models import Department, User

CHUNK = 1000


class Known:
    """Departments, groups, and the people a table names by e-mail address or staff number."""

    def __init__(self, keys: Iterable[str]):
        self.keys = {key(cell) for cell in keys if cell}  # whom the table is about
        self.default_group = roles.default_group("default")
        self.departments = {
            department.name: department
            for department in Department.objects.prefetch_related("groups")
        }
        self.department_groups = {
            department.pk: set(department.groups.all()) for department in self.departments.values()
        }
        self.groups = {group.name: group for group in Group.objects.all()}
        self.usernames = {name.lower() for name in User.objects.values_list("username", flat=True)}
        self.by_email, self.by_number = {}, {}
        self.verdicts = {}  # which groups the actor may give

    def load(self, keys: Iterable[str]) -> None:
        """Read the people whose e-mail address or staff number is one of `keys`."""
        keys = sorted({cell for cell in keys if cell})
        people = User.objects.select_related("profile__department", "profile__manager")
        people = people.prefetch_related("groups").alias(lower_email=Lower("email"))
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            for user in people.filter(lower_email__in=[key(cell) for cell in chunk]):
                self.add(user)
            for user in people.filter(profile__staff_number__in=chunk):
                self.add(user)
        self.at_first = dict(self.by_number), dict(self.by_email)

    def add(self, user: User) -> None:
        """Remember `user` by what they are called now; somebody known twice stays one object."""
        user = self.by_email.setdefault(key(user.email), user)
        if number := user.profile.staff_number if hasattr(user, "profile") else "":
            self.by_number[number] = user

    def forget(self, user: User) -> None:
        """Drop what `user` is called, before it changes."""
        self.by_email.pop(key(user.email), None)
        if hasattr(user, "profile"):
            self.by_number.pop(user.profile.staff_number, None)

    def find(self, cell: str) -> User | None:
        """Return whoever has the e-mail address or staff number in `cell`."""
        return self.by_email.get(key(cell)) or self.by_number.get(cell)

    def is_in_table(self, cell: str) -> bool:
        return key(cell) in self.keys

    def groups_of(self, department: Department | None) -> set[Group]:
        return self.department_groups[department.pk] if department else set()


def named(rows: dict, name: str):
    """Return the row of this name, or the only one whose name differs in case and blanks alone."""
    if name in rows:
        return rows[name]
    same = [row for other, row in rows.items() if fold(other) == fold(name)]
    return same[0] if len(same) == 1 else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a question that offers the likeliest of `names`, or nothing."""
    folded = {fold(other): other for other in names}
    near = get_close_matches(fold(name), folded, n=1)
    return f" Did you mean “{folded[near[0]]}”?" if near else ""
