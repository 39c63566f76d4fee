"""One row of an import: whom it is about, what it changes, and whether that may be."""

from django.core.exceptions import ValidationError
from django.utils.formats import date_format

from intranet.addresses import key
from intranet.tables import damage, unescape, written

from .. import membership
from ..models import Profile, User
from ..rights import can_readdress, can_remove, can_touch
from ..roles import can_grant
from ..usernames import username_for
from .columns import COLUMNS, KEYS, NOBODY, join, texts, yes_no
from .known import Known
from .reading import USER_FIELDS, CellReader

PROFILE_FIELDS = ["staff_number", "job_title", "department", "manager", "phone", "location"]
PROFILE_FIELDS += ["started_on"]


class PersonRow(CellReader):
    """Reads the cells of one row against what is known; `save` writes what differs.

    `cells` has a text for each column of the file, by the names in COLUMNS. After `read`,
    `values` holds what changes, `changes` (label, before, after) and `problems`
    (label, cell, reason) say so in words.
    """

    def __init__(self, cells: dict[str, str], known: Known, actor: User | None):
        self.cells = {name: unescape(cell) for name, cell in cells.items()}
        self.known, self.actor = known, actor
        self.values, self.problems, self.later = {}, [], None
        self.user = self._match()
        self.is_new = self.user is None
        self.before = NOBODY if self.is_new else texts(self.user)
        self.account = self.user or User()
        self.work = getattr(self.user, "profile", None) or Profile()

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        after = {name: self._after(name, value) for name, value in self.values.items()}
        return [(COLUMNS[name], self.before[name], text) for name, text in after.items()]

    @property
    def who(self) -> str:
        if not self.is_new:
            return self.user.name
        names = [self.cells.get(name, "") for name in ("first_name", "last_name")]
        return " ".join(filter(None, names)) or self.cells.get("email", "")

    def read(self) -> None:
        """Find out what the row changes and what is wrong with that."""
        for name in COLUMNS:
            cell = self.cells.get(name)
            if cell is not None and cell != unescape(written(self.before[name])):
                self._read(name, cell)
        if self.is_new and not self.cells.get("email"):
            self._wrong("email", "Somebody new needs this.")
        if self.is_new and not self.cells.get("first_name") and not self.cells.get("last_name"):
            self._wrong("last_name", "Somebody new needs a name: one is enough.")
        if self.values and self.work.departed_at:
            left = date_format(self.work.left_on or self.work.departed_at)
            self.refuse(f"{self.user} left on {left}: bring them back first, on their own page.")
        if not self.problems and self.actor:
            self._check_rights()

    def refuse(self, reason: str) -> None:
        """Add a problem that concerns the whole row."""
        self._wrong(next(name for name in KEYS if name in self.cells), reason)

    def _match(self) -> User | None:
        """Return whom the row is about, by what people were called before the import."""
        numbers, emails = self.known.at_first
        email = key(self.cells.get("email", ""))
        return numbers.get(self.cells.get("staff_number")) or emails.get(email)

    def _read(self, name: str, cell: str) -> None:
        try:
            if lost := damage(cell):
                raise ValidationError(lost)
            value = getattr(self, f"_read_{name}", self._read_text)(name, cell)
        except ValidationError as error:
            self._wrong(name, " ".join(error.messages))
            return
        if self.later or value != self._current(name):
            self.values[name] = value

    def _wrong(self, name: str, reason: str) -> None:
        self.problems.append((COLUMNS[name], self.cells.get(name, "")[:200], reason))

    def _check_rights(self) -> None:
        if not self.is_new and self.values and not can_touch(self.actor, self.user):
            self._wrong(next(iter(self.values)), "Only superusers change a superuser.")
            return
        if self.user == self.actor:
            self._check_own("is_active", "You cannot deactivate yourself.")
            self._check_own("is_staff", "You cannot take your own sign-in away.")
        elif self.values.get("is_active") is False and not can_remove(self.actor, self.user):
            self._wrong("is_active", "You may not deactivate this person.")
        if self.user and "email" in self.values and not can_readdress(self.actor, self.user):
            self._wrong("email", "Only somebody with all the rights of this person may change it.")
        departed, groups = self._group_changes()
        if not self._may(departed):
            self._wrong("department", "You may not give or take the groups that come with it.")
        if not self._may(groups):
            names = join(group.name for group in groups)
            self._wrong("groups", f"You may not give or take these groups: {names}.")

    def _check_own(self, name, reason):
        if self.values.get(name) is False:
            self._wrong(name, reason)

    def _may(self, groups) -> bool:
        """Ask `can_grant`, once for the same groups; what is one's own is asked anew."""
        if not groups or self.actor is None:
            return True
        if self.user == self.actor:
            return can_grant(self.actor, groups, to=self.user)
        key = frozenset(group.pk for group in groups)
        if key not in self.known.verdicts:
            self.known.verdicts[key] = can_grant(self.actor, groups)
        return self.known.verdicts[key]

    def _group_changes(self):
        """Return the groups that come or go with the department, and those by the row itself."""
        held = self._groups_held()
        moved = self._groups_before() ^ self._groups_after()
        return moved, held ^ self.values.get("groups", held)

    def _groups_held(self):
        """Return the groups that this person has once the department has changed."""
        old, new = self._groups_before(), self._groups_after()
        held = {self.known.default_group} if self.is_new else set(self.user.groups.all())
        return (held - membership.removable(old - new)) | (new - old)

    def _groups_before(self):
        return self.known.groups_of(self.work.department)

    def _groups_after(self):
        return self.known.groups_of(self.values.get("department", self.work.department))

    def _after(self, name, value) -> str:
        if name == "manager":
            return self.later or (value.email if value else "")
        if name == "groups":
            return join(group.name for group in value)
        if isinstance(value, bool):
            return yes_no(value)
        return "" if value is None else str(value)

    def save(self) -> None:
        """Write the row: the account first, then the profile, then the groups."""
        ours = {name: self.values[name] for name in USER_FIELDS if name in self.values}
        held = self._groups_held()
        if self.is_new:
            self._create(ours)
        else:
            self.known.forget(self.user)
            _write(self.user, ours)
        theirs = {name: self.values[name] for name in PROFILE_FIELDS if name in self.values}
        if theirs:
            _write(self._profile(), theirs)
        if "groups" in self.values:
            self.user.groups.remove(*(held - self.values["groups"]))
            self.user.groups.add(*(self.values["groups"] - held))
        self.known.add(self.user)

    def _create(self, fields):
        username = username_for(fields["email"], self.known.usernames.__contains__)
        self.known.usernames.add(username)
        self.user = User(username=username, **fields)
        self.user.set_unusable_password()
        self.user.save()

    def _profile(self):
        if not hasattr(self.user, "profile"):
            Profile.objects.create(user=self.user)
        return self.user.profile


def _write(instance, fields):
    """Save the fields that change, and those only: somebody else may be editing the others."""
    if not fields:
        return
    for name, value in fields.items():
        setattr(instance, name, value)
    instance.save(update_fields=list(fields))
