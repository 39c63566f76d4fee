"""Forms of the people pages, which an import goes through as well."""

from datetime import date, timedelta

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from intranet.trace.action import current_actor
from intranet.trace.rights import right_in

from . import membership
from .models import Department, User
from .photos import PhotoFormField, PhotoWidget
from .profiles import profile_of
from .rights import can_equip, can_readdress
from .roles import beyond, can_grant, default_group
from .usernames import username_for


def assignable_groups(actor, given=()):
    """Return the groups whose permissions `actor` holds, all for a superuser, and those `given`."""
    if actor.is_superuser:
        return Group.objects.all()
    above = Group.permissions.through.objects.filter(permission__in=beyond(actor)).values("group")
    return Group.objects.filter(~Q(pk__in=above) | Q(pk__in=given))


def address_taken(other: User) -> str:
    """Return the error for an address somebody has, with the way back for a leaver."""
    if not profile_of(other).departed_at:
        return _("Somebody with this e-mail address exists already.")
    return format_html(
        _(
            "{name} had this e-mail address and left on {day}. "
            '<a class="underline" href="{url}">Bring them back</a> instead, with papers and rights.'
        ),
        name=other.name,
        day=date_format(other.profile.last_day),
        url=reverse("admin:staff_user_bring_person_back", args=[other.pk]),
    )


FURTHEST = timedelta(days=2 * 365)


def day_to_come(day: date) -> None:
    """Validate a day on which something is to happen."""
    today = timezone.localdate()
    if not today <= day <= today + FURTHEST:
        raise ValidationError(_("Choose today or a day within the next two years."))


SIGN_IN_IS_THEIRS = gettext_lazy(
    "Somebody signs in with this, or gets the mail that sets a password, so only somebody with all "
    "the rights of this person may change it."
)
NAMES = {"first_name", "last_name"}
OPTIONAL = {  # for somebody new
    "last_name": gettext_lazy("Whoever has one name only needs one of the two."),
    "username": gettext_lazy("Leave empty to take it from the e-mail address."),
}


class Database:
    """Answers what a form has to ask; an import of thousands has its own answers in memory."""

    can_grant = staticmethod(can_grant)
    username_for = staticmethod(username_for)

    def default_group(self) -> Group:
        return default_group(DEFAULT_DB_ALIAS)

    def groups_of(self, department_id: int | None) -> set[Group]:
        return membership.groups_of(department_id, DEFAULT_DB_ALIAS)

    def at_address(self, email: str) -> User | None:
        return User.objects.at_address(email).select_related("profile").first()


def refusal(groups) -> ValidationError:
    names = {"names": ", ".join(sorted(str(group) for group in groups))}
    return ValidationError(
        _("You may not give or take these groups: %(names)s.") % names, code="rights"
    )


class ActingForm(forms.ModelForm):
    """A form that knows for whom it acts: the signed-in user, unless `actor` is given."""

    def __init__(self, *args, actor=None, known=None, **kwargs):
        self.actor, self.known = actor or current_actor(), known or Database()
        super().__init__(*args, **kwargs)


class PersonForm(ActingForm):
    """An account: adding one, without a password as yet, and changing one."""

    class Meta:
        help_texts = {
            "username": gettext_lazy("What is typed to sign in."),
            "groups": gettext_lazy("A department brings its own. Everybody is in “Everybody”."),
        }
        widgets = {"groups": UnfoldAdminCheckboxSelectMultipleWidget}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        if "groups" in self.fields:
            self.offer_groups(self.fields["groups"])
        if "user_permissions" in self.fields:  # there are about a hundred
            rights = self.fields["user_permissions"]
            found = rights.queryset.values_list("pk", "codename")
            language = get_language()
            rights.choices = lambda: [(key, right_in(language, name)) for key, name in found]
        for name, help_text in self._fixed().items():
            if name in self.fields:
                self.fields[name].disabled = True
                self.fields[name].help_text = help_text
        for name in OPTIONAL.keys() & self.fields.keys() if self.is_new else ():
            self.fields[name].required, self.fields[name].help_text = False, OPTIONAL[name]

    def offer_groups(self, field):
        given = () if self.is_new else self.instance.groups.values("pk")
        field.queryset = assignable_groups(self.actor, given)
        field.disabled = self.instance == self.actor and not self.actor.is_superuser
        field.required = False
        if self.is_new:
            field.initial = [self.known.default_group().pk]

    def _fixed(self) -> dict[str, str]:
        """Return which fields the actor may not change, and why."""
        fixed = {}
        theirs = {} if self.is_new else {"username", "email"} & self.fields.keys()
        if theirs and not can_readdress(self.actor, self.instance):
            fixed |= dict.fromkeys(theirs, SIGN_IN_IS_THEIRS)
        if profile_of(self.instance).departed_at:
            fixed["is_active"] = _("Has left: use “Bring back” instead.")
        return fixed

    def clean_email(self):
        email = self.cleaned_data["email"]
        other = self.known.at_address(email)
        if other and other != self.instance:
            raise ValidationError(address_taken(other), code="unique")
        return email

    def clean_groups(self):
        """Keep everybody in the default group, and refuse groups the actor may not give."""
        default = self.known.default_group()
        chosen = set(self.cleaned_data["groups"]) | {default}
        changed = (chosen ^ self.groups_before()) - {default}
        if not self.known.can_grant(self.actor, changed, to=self.instance):
            raise refusal(changed)
        return list(chosen)

    def groups_before(self) -> set[Group]:
        return set() if self.is_new else set(self.instance.groups.all())

    def clean_is_active(self):
        return self._kept("is_active", _("You cannot deactivate yourself."))

    def clean_is_staff(self):
        return self._kept("is_staff", _("You cannot take your own sign-in away."))

    def clean_is_superuser(self):
        return self._kept("is_superuser", _("You cannot demote yourself."))

    def _kept(self, field, message):
        value = self.cleaned_data[field]
        if self.instance == self.actor and self.initial.get(field) and not value:
            raise ValidationError(message, code="self")
        return value

    def clean(self):
        cleaned = super().clean()
        if not self.is_new:
            return cleaned
        if not cleaned.get("username") and cleaned.get("email"):
            cleaned["username"] = self.known.username_for(cleaned["email"])
        if not any(map(cleaned.get, NAMES)) and NAMES.isdisjoint(self.errors):
            self.add_error("last_name", _("Somebody new needs a name: one is enough."))
        return cleaned


class ProfileForm(ActingForm):
    """Who somebody is at work."""

    class Meta:
        field_classes = {"photo": PhotoFormField}
        widgets = {"photo": PhotoWidget}
        error_messages = {
            "staff_number": {"unique": gettext_lazy("Somebody has this staff number already.")}
        }
        help_texts = {
            "invite_on": gettext_lazy(
                "Empty: on the first day, at once when that has come or is not given. "
                "Whoever does not sign in is welcomed by mail on that day."
            )
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "invite_on" in self.fields:
            self.fields["invite_on"].validators.append(day_to_come)
            self.fields["invite_on"].widget.attrs["data-offered"] = "started_on"

    def clean_department(self):
        """Refuse a department whose groups the actor may not give: it is no back door."""
        department = self.cleaned_data["department"]
        old, new = self.initial.get("department"), department and department.pk
        changed = self.known.groups_of(old) ^ self.known.groups_of(new)
        person = self.instance.user if self.instance.user_id else None
        if old != new and not self.known.can_grant(self.actor, changed, to=person):
            raise ValidationError(
                _("You may not give or take the groups that come with this department."),
                code="rights",
            )
        return department

    def clean_manager(self):
        manager = self.cleaned_data["manager"]
        if manager and manager == getattr(self.instance, "user", None):
            raise ValidationError(_("Nobody is their own manager."), code="self")
        return manager


class DepartmentForm(ActingForm):
    class Meta:
        widgets = {"groups": UnfoldAdminCheckboxSelectMultipleWidget}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            given = Group.objects.filter(department=self.instance.pk or 0).values("pk")
            self.fields["groups"].queryset = assignable_groups(self.actor, given)
        head = self.instance.head
        if "head" in self.fields and head and profile_of(head).departed_at:
            self.fields["head"].help_text = _("%(name)s left: choose somebody else.") % {
                "name": head
            }

    def clean_name(self):
        name = self.cleaned_data["name"]
        if Department.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("A department of this name exists already."), code="unique")
        return name

    def clean_groups(self):
        groups = set(self.cleaned_data["groups"])
        changed = groups ^ self.known.groups_of(self.instance.pk)
        if not can_equip(self.actor, self.instance, changed):
            raise refusal(changed)
        return groups
