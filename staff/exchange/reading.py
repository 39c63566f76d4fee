"""What the cell of each column may say, and the value that it stands for."""

from django import forms
from django.core.exceptions import ValidationError

from intranet.addresses import key

from ..models import Profile, User
from .columns import join, split
from .known import did_you_mean, named

USER_FIELDS = ["email", "first_name", "last_name", "is_staff", "is_active"]
YES = {"yes", "y", "true", "1", "x", "ja", "j", "wahr", "oui", "o", "vrai"}
NO = {"no", "n", "false", "0", "nein", "falsch", "non", "faux"}
SHOWN = 10  # departments named where an unknown one is written
DATE = forms.DateField(input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"])


class CellReader:
    """Has a method for each column that is more than text; ValidationError says what is wrong."""

    def _current(self, name):
        if name == "groups":
            return self._groups_held()
        return getattr(self.account if name in USER_FIELDS else self.work, name)

    def _read_text(self, name, cell):
        return (User if name in USER_FIELDS else Profile)._meta.get_field(name).clean(cell, None)

    def _read_first_name(self, name, cell):
        if "?" in cell:
            raise ValidationError("A letter was lost here and stands as “?”. Write it again.")
        return self._read_text(name, cell)

    _read_last_name = _read_first_name

    def _read_staff_number(self, name, cell):
        owner = self.known.by_number.get(cell)
        if owner and owner != self.user:
            raise ValidationError(f"{owner} has this staff number.")
        return self._read_text(name, cell) or None

    def _read_email(self, name, cell):
        email = self._read_text(name, cell)
        owner = self.known.by_email.get(key(email))
        if owner and owner != self.user:
            raise ValidationError(f"{owner} has this e-mail address.")
        return self.account.email if key(email) == key(self.account.email) else email

    def _read_started_on(self, name, cell):
        try:
            day = DATE.clean(cell) if cell else None
        except ValidationError:
            raise ValidationError("This is no date. Write it as 2026-01-31.") from None
        Profile._meta.get_field(name).run_validators(day)
        return day

    def _read_left_on(self, name, cell):
        day = self._read_started_on(name, cell)
        if day != self._current(name):
            raise ValidationError("Use “Leaves…” on the person's page: it does what has to follow.")
        return day

    def _read_department(self, name, cell):
        department = named(self.known.departments, cell) if cell else None
        if cell and not department:
            meant = did_you_mean(cell, self.known.departments)
            raise ValidationError(
                f"There is no department of this name.{meant} {self._departments()}"
            )
        return department

    def _departments(self) -> str:
        names = sorted(self.known.departments)
        if not names:
            return "There are none yet: add them first."
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"There are: {', '.join(names[:SHOWN])}{more}."

    def _read_manager(self, name, cell):
        if not cell:
            return None
        manager = self.known.find(cell)
        own = {key(self.cells.get("email", "")), self.cells.get("staff_number", "")}
        if (manager and manager == self.user) or key(cell) in own:
            raise ValidationError("Nobody is their own manager.")
        if not manager and not self.known.is_in_table(cell):
            raise ValidationError("Nobody has this e-mail address or staff number.")
        self.later = None if manager else cell  # somebody further down
        return manager

    def _read_groups(self, name, cell):
        found = {name: named(self.known.groups, name) for name in split(cell)}
        if missing := [name for name, group in found.items() if not group]:
            meant = did_you_mean(missing[0], self.known.groups)
            raise ValidationError(f"There is no group {join(missing)}.{meant}")
        return {*found.values(), self.known.default_group} | self._groups_after()

    def _read_is_staff(self, name, cell):
        if cell and cell.lower() not in YES | NO:
            raise ValidationError("Write yes or no.")
        return cell.lower() in YES if cell else self._current(name)

    _read_is_active = _read_is_staff
