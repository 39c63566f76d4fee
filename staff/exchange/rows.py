"""One row of an import: whom it is about, what it changes, and what the pages' forms say to it."""

from functools import cached_property, lru_cache

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.forms.models import construct_instance
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from intranet.addresses import key
from intranet.tables import damage, unescape, written

from .. import membership
from ..forms import NAMES, PersonForm, ProfileForm
from ..models import Profile, User
from ..profiles import profile_of
from ..rights import can_touch
from .columns import ACCOUNT, COLUMNS, KEYS, texts, to_text
from .known import Known

RELATIONS = {"department", "manager", "groups"}


class RowForm:
    """Joined to the form of a page: has the fields that a row changes, with values already read."""

    def clean(self):
        for name, field in self.fields.items():
            if field.disabled:
                self.add_error(name, field.help_text)
        return super().clean()

    def _post_clean(self):
        """Leave constraints, each a query, to the table itself; what is unique is known before."""
        construct_instance(self, self.instance, self._meta.fields)
        given = {name for name, value in self.cleaned_data.items() if value}
        columns = {field.name for field in self.instance._meta.concrete_fields}
        try:
            self.instance.clean_fields(exclude=columns - given)
        except ValidationError as error:
            self.add_error(None, error)


class PersonRowForm(RowForm, PersonForm):
    def __init__(self, *args, held, **kwargs):
        super().__init__(*args, **kwargs)
        self.held = held

    def offer_groups(self, field):
        """Offers nothing: a row names its groups."""

    def groups_before(self):
        return self.held


class ProfileRowForm(RowForm, ProfileForm):
    pass


@lru_cache(1000)
def form_with(form: type[forms.ModelForm], model, names: tuple[str]) -> type[forms.ModelForm]:
    """Return `form` with some fields alone; those whose cells are read before take any value."""
    read = {name: forms.Field(required=False) for name in names if hasattr(Known, f"read_{name}")}
    stored = [name for name in names if name not in RELATIONS]
    return modelform_factory(model, form=type(form.__name__, (form,), read), fields=stored)


class PersonRow:
    """Reads the cells of one row and has the forms of the pages check them; `save` writes it.

    `cells` has a text for each column of the file, by the names in COLUMNS. After `read`,
    `values` holds what changes, `changes` (label, before, after) and `problems`
    (label, cell, reason) say so in words. `later` names a manager who stands further down.
    """

    def __init__(self, cells: dict[str, str], known: Known, actor: User):
        self.cells = {name: unescape(cell) for name, cell in cells.items()}
        self.known, self.actor = known, actor
        self.values, self.problems, self.later = {}, [], ""
        number, email = self._keys()
        self.user = known.at_first.get(number) or known.at_first.get(key(email)) or User()
        self.profile = profile_of(self.user)
        self.is_new, self.had_profile = self.user.pk is None, self.profile.pk is not None
        if self.is_new:
            self.profile.user = self.user  # with which it is saved
        self.before = known.nobody if self.is_new else texts(self.user)

    def _keys(self) -> list[str]:
        return [self.cells.get(name, "") for name in KEYS]

    @property
    def who(self) -> str:
        names = filter(None, (self.cells.get(name) for name in ("first_name", "last_name")))
        return " ".join(names) or self.cells.get("email", "") if self.is_new else self.user.name

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        after = {name: to_text(value) for name, value in self.values.items()}
        after |= {"manager": self.later} if self.later else {}
        return [(self.known.labels[name], self.before[name], text) for name, text in after.items()]

    @property
    def new_groups(self) -> set[Group]:
        department = self.values.get("department", self.profile.department)
        return self.known.groups_of(department and department.pk)

    @cached_property
    def held(self) -> set[Group]:
        """The groups that this person has once the department has changed."""
        old, new = self.known.groups_of(self.profile.department_id), self.new_groups
        held = {self.known.default_group()} if self.is_new else set(self.user.groups.all())
        return (held - membership.removable(old - new)) | (new - old)

    def refuse(self, reason: str) -> None:
        """Add a problem that concerns the whole row."""
        self.wrong(next(name for name in KEYS if name in self.cells), reason)

    def turn_down(self, reason: str) -> None:
        """Refuse it though it was prepared: somebody new is nobody's manager then."""
        self.refuse(reason)
        if self.is_new:
            self.known.forget(self.user, self.user.email, self.profile.staff_number)

    def wrong(self, name: str, reason: str) -> None:
        """Add a problem with one cell."""
        self.problems.append((self.known.labels[name], self.cells.get(name, "")[:200], reason))

    def read(self) -> None:
        """Find out what the row changes and what is wrong with that."""
        for name in COLUMNS:
            cell = self.cells.get(name)
            if cell is not None and cell != unescape(written(self.before[name])):
                self._read(name, cell)
        if self.values and not self.is_new and not can_touch(self.actor, self.user):
            self.wrong(next(iter(self.values)), _("Only superusers change a superuser."))
        elif self.values and self.profile.departed_at:
            left = date_format(self.profile.last_day)
            text = _("%(name)s left on %(day)s: bring them back first, on their own page.")
            self.refuse(text % {"name": self.user, "day": left})
        else:
            self._check()

    def _read(self, name: str, cell: str) -> None:
        owner = self.user if name in ACCOUNT else self.profile
        current = self.held if name == "groups" else getattr(owner, name)
        try:
            value = self._value(name, cell, current)
        except ValidationError as error:
            self.wrong(name, " ".join(error.messages))
        else:
            if value != current:
                self.values[name] = value

    def _value(self, name: str, cell: str, current):
        """Return what a cell stands for. Raises ValidationError."""
        if lost := damage(cell, is_name=name in NAMES):
            raise ValidationError(lost)
        if name in ("is_staff", "is_active") and not cell:
            return current
        if name == "email" and key(cell) == key(current):
            return current
        value = getattr(self.known, f"read_{name}", str)(cell)
        if name == "left_on" and value != current:
            raise ValidationError(
                _("Use “Record leaving…” on the person's page: it does what has to follow.")
            )
        if name == "groups":
            return value | self.new_groups
        if name == "manager" and isinstance(value, str):
            if key(cell) in map(key, self._keys()):
                return self.user
            self.later, value = cell, current
        return value

    def _check(self) -> None:
        """Have the forms judge what changes, and take over what they make of it."""
        ours = [name for name in self.values if name in ACCOUNT]
        theirs = tuple(name for name in self.values if name not in ACCOUNT)
        if self.is_new:
            ours += [it for it in ("username", "email", "last_name") if it not in ours]
        options = {"actor": self.actor, "known": self.known}
        if ours:
            form = form_with(PersonRowForm, User, tuple(ours))
            self._take(form(self.values, instance=self.user, held=self.held, **options))
        if theirs:
            initial = {"department": self.profile.department_id}
            form = form_with(ProfileRowForm, Profile, theirs)
            self._take(form(self.values, instance=self.profile, initial=initial, **options))

    def _take(self, form: forms.ModelForm) -> None:
        unread = {column for column, *_ in self.problems}
        for name, errors in form.errors.items():
            for error in errors if self.known.labels[name] not in unread else []:
                self.wrong(name, error)
        clean = form.cleaned_data
        self.values |= {name: clean[name] for name in self.values if name in clean}

    def prepare(self) -> None:
        """Have the rows below know whom this one makes or changes, before that is written."""
        self._fill(self.profile)
        if self.is_new:
            self.user.set_unusable_password()
        else:
            self.known.forget(self.user, self.before["email"], self.before["staff_number"])
        self.known.add(self.user)

    def save(self) -> None:
        """Write what changes, and that only: somebody else may be editing the rest."""
        manager = self.values.get("manager")
        if manager and manager.pk is None:  # who was refused
            self.values["manager"] = None
        if self.is_new:
            self._fill(self.profile)
            self.user.save()
            self.join_groups()
            return
        if ours := [name for name in self.values if name in ACCOUNT - RELATIONS]:
            self.user.save(update_fields=ours)
        self.save_profile()
        if "groups" in self.values:
            chosen = set(self.values["groups"])
            self.user.groups.remove(*(self.held - chosen))
            self.user.groups.add(*(chosen - self.held))

    def join_groups(self) -> None:
        """Put somebody new into the groups of the row."""
        membership.admit(self.user, set(self.values.get("groups", ())) - self.held)

    def forget_rows(self) -> None:
        """Be as before after what was written was rolled back."""
        made = (self.user, self.profile) if self.is_new else ()
        for row in made:
            row.pk, row._state.adding = None, True
        if not (self.is_new or self.had_profile):
            self.user._state.fields_cache.pop("profile", None)

    def save_profile(self) -> None:
        """Write what changes in the profile of somebody who is there."""
        if theirs := [name for name in self.values if name not in ACCOUNT]:
            if not hasattr(self.user, "profile"):
                Profile.objects.create(user=self.user)
            self._fill(self.user.profile).save(update_fields=theirs)

    def _fill(self, profile: Profile) -> Profile:
        for name in self.values.keys() - ACCOUNT:
            setattr(profile, name, self.values[name])
        return profile
