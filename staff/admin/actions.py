"""Bulk actions on people: each says how many it changed and leaves alone whom it must."""

from functools import partial

from django import forms
from django.conf import settings
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from intranet.admin import bulk

from .. import membership
from ..forms import assignable_groups
from ..models import Department, User
from ..rights import can_remove, can_touch
from ..roles import can_grant
from .each import PersonByPerson


def group_form(actor):
    """Return the form that asks for a group `actor` may give or take; not the one for all."""
    groups = assignable_groups(actor).exclude(name=settings.STAFF_DEFAULT_GROUP)

    class GroupForm(forms.Form):
        group = forms.ModelChoiceField(
            groups, widget=UnfoldAdminSelectWidget, empty_label="Choose a group"
        )

    return GroupForm


class DepartmentForm(forms.Form):
    department = forms.ModelChoiceField(
        Department.objects.all(), widget=UnfoldAdminSelectWidget, empty_label="Choose a department"
    )


def set_active(user: User, active: bool) -> bool:
    """Switch the account on or off; return whether it was the other way."""
    if user.is_active == active:
        return False
    user.is_active = active
    user.save(update_fields=["is_active"])
    return True


class PeopleActions(PersonByPerson):
    """The bulk actions of the people list."""

    actions = [
        "activate",
        "deactivate",
        "add_to_group",
        "remove_from_group",
        "move_to_department",
    ]

    @action(description="Activate", permissions=["change"])
    @bulk.asking_for_all("Activate")
    def activate(self, request, queryset):
        """Leave those who left to “Bring back”, which gives back more than the sign-in."""

        def allowed(user):
            return can_remove(request.user, user) and not user.profile.departed_at

        why = "you may not do this to them, or they left and “Bring back” is for them"
        change = partial(set_active, active=True)
        self.each(request, queryset, allowed, change, "activated", why, ["Active"])

    @action(description="Deactivate", permissions=["change"])
    @bulk.asking_for_all("Deactivate")
    def deactivate(self, request, queryset):
        def allowed(user):
            return can_remove(request.user, user)

        change = partial(set_active, active=False)
        self.each(request, queryset, allowed, change, "deactivated", fields=["Active"])

    @action(description="Add to group…", permissions=["change"])
    def add_to_group(self, request, queryset):
        return self._change_group(request, queryset, "add", "Add to a group", "added to {}")

    @action(description="Remove from group…", permissions=["change"])
    def remove_from_group(self, request, queryset):
        return self._change_group(
            request, queryset, "remove", "Remove from a group", "removed from {}"
        )

    def has_move_permission(self, request):
        """Where somebody belongs stands in the profile."""
        return self.has_change_permission(request) and request.user.has_perm("staff.change_profile")

    @action(description="Move to department…", permissions=["move"])
    def move_to_department(self, request, queryset):
        form, page = bulk.ask(
            self, request, queryset, DepartmentForm, "Move to a department", "Move"
        )
        if page:
            return page
        department = form.cleaned_data["department"]
        new = membership.groups_of(department.pk, "default")

        def allowed(user):
            changed = membership.groups_of(user.profile.department_id, "default") ^ new
            return can_touch(request.user, user) and can_grant(request.user, changed, to=user)

        def move(user):
            if user.profile.department_id == department.pk:
                return False
            user.profile.department = department
            user.profile.save(update_fields=["department"])
            return True

        return self.each(request, queryset, allowed, move, f"moved to {department}")

    def _change_group(self, request, queryset, method, title, done):
        form, page = bulk.ask(
            self, request, queryset, group_form(request.user), title, title.partition(" ")[0]
        )
        if page:
            return page
        group = form.cleaned_data["group"]

        def allowed(user):
            return can_touch(request.user, user) and can_grant(request.user, [group], to=user)

        def change(user):
            if (group in user.groups.all()) == (method == "add"):
                return False
            getattr(user.groups, method)(group)
            return True

        return self.each(request, queryset, allowed, change, done.format(group))
