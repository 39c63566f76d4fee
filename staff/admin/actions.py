"""Bulk actions on people: each says how many it changed and leaves alone whom it must."""

from functools import partial

from django import forms
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.widgets import UnfoldAdminSelectWidget

from intranet.admin.bulk import asking, each, telling
from intranet.trace.action import current_actor

from .. import membership, sessions
from ..asking import the_same_for_all
from ..forms import assignable_groups
from ..models import Department
from ..profiles import with_profiles
from ..rights import can_remove, can_touch
from ..roles import can_grant


class GroupForm(forms.Form):
    """Asks for a group that one may give or take; not the one for all."""

    group = forms.ModelChoiceField(
        Group.objects.all(),
        label=_lazy("Group"),
        widget=UnfoldAdminSelectWidget,
        empty_label=_lazy("Choose a group"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        groups = assignable_groups(current_actor())
        self.fields["group"].queryset = groups.exclude(name=settings.STAFF_DEFAULT_GROUP)


class MoveForm(forms.Form):
    department = forms.ModelChoiceField(
        Department.objects.all(),
        label=_lazy("Department"),
        widget=UnfoldAdminSelectWidget,
        empty_label=_lazy("Choose a department"),
    )


def put(row, field: str, value) -> bool:
    """Save one field; return whether it held something else."""
    if getattr(row, field) == value:
        return False
    setattr(row, field, value)
    row.save(update_fields=[field])
    return True


class PeopleActions:
    """What is done to accounts and their rights."""

    @asking(_lazy("Activate"))
    def activate(self, request, queryset):
        """Leave those who left to “Bring back”, which gives back more than the sign-in."""

        def allowed(actor, user):
            return can_remove(actor, user) and not user.profile.departed_at

        why = _("you may not do this to them, or they left and “Bring back” is for them")
        activate = partial(put, field="is_active", value=True)
        did = telling("%(name)s is active again", "%(count)s people are active again")
        each(request, with_profiles(queryset), activate, allowed, why=why, did=did)

    @asking(_lazy("Deactivate"))
    def deactivate(self, request, queryset):
        deactivate = partial(put, field="is_active", value=False)
        did = telling("%(name)s is inactive now", "%(count)s people are inactive now")
        each(request, with_profiles(queryset), deactivate, can_remove, did=did)

    @asking(_lazy("Add to group…"), form=GroupForm)
    def add_to_group(self, request, queryset, group):
        did = telling(
            "%(name)s added to the group %(group)s",
            "%(count)s people added to the group %(group)s",
            group=group.name,
        )
        self._change_group(request, queryset, group, "add", did)

    @asking(_lazy("Remove from group…"), form=GroupForm)
    def remove_from_group(self, request, queryset, group):
        did = telling(
            "%(name)s removed from the group %(group)s",
            "%(count)s people removed from the group %(group)s",
            group=group.name,
        )
        self._change_group(request, queryset, group, "remove", did)

    @the_same_for_all()
    def _change_group(self, request, queryset, group, method, did):
        def allowed(actor, user):
            return can_grant(actor, [group], to=user)

        def change(user):
            if (group in user.groups.all()) == (method == "add"):
                return False
            getattr(user.groups, method)(group)
            return True

        each(request, with_profiles(queryset), change, allowed, did=did)

    def has_move_permission(self, request):
        """Where somebody belongs stands in the profile."""
        return self.has_change_permission(request) and request.user.has_perm("staff.change_profile")

    @asking(_lazy("Move to department…"), form=MoveForm, permission="move")
    @the_same_for_all()
    def move_to_department(self, request, queryset, department):
        new = membership.groups_of(department.pk)

        def allowed(actor, user):
            return can_grant(actor, new ^ membership.groups_of(user.profile.department_id), to=user)

        def move(user):
            return put(user.profile, "department", department)

        did = telling(
            "%(name)s moved to %(department)s",
            "%(count)s people moved to %(department)s",
            department=department.name,
        )
        each(request, with_profiles(queryset), move, allowed, did=did)

    @asking(_lazy("Sign out everywhere"), icon="devices_off")
    def sign_out_everywhere(self, request, queryset):
        def end(user):
            sessions.end(user)
            if user == request.user:
                stay = partial(update_session_auth_hash, request, user)
                transaction.on_commit(stay, using=queryset.db, robust=True)
            return True

        did = telling(
            "%(name)s is signed out everywhere", "%(count)s people are signed out everywhere"
        )
        each(request, with_profiles(queryset), end, can_touch, did=did)

    sign_person_out_everywhere = sign_out_everywhere
