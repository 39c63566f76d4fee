"""Leaving and coming back, from the list of people and from a person's own page."""

from datetime import timedelta
from functools import partial

from django import forms
from django.contrib import admin, messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
)

from intranet.admin import bulk
from intranet.admin.autocomplete import RowSelect
from intranet.wording import counted

from .. import leaving
from ..models import Department, Profile, User
from ..rights import can_remove
from ..roles import can_grant
from .each import PersonByPerson, people
from .presence import SaysWhoLeft

NEED_A_HEAD = ("department needs a new head", "departments need a new head")
UNFINISHED = (
    "Something failed when these people left: {}. Their groups and reports are as before. It is "
    "tried again by itself, and the notices say whether they can still sign in."
)
FURTHEST = timedelta(days=2 * 365)


class LeavingForm(forms.Form):
    left_on = forms.DateField(
        label="Leaves on",
        initial=timezone.localdate,
        widget=UnfoldAdminSingleDateWidget,
        help_text="Access ends on this day: at once when it is today.",
    )
    successor = forms.ModelChoiceField(
        User.objects.active(),
        required=False,
        label="Takes over the team",
        help_text="New manager of the people who report to whoever leaves.",
        widget=RowSelect(Profile._meta.get_field("successor"), admin.site),
    )
    note = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))

    def clean_left_on(self):
        day = self.cleaned_data["left_on"]
        today = timezone.localdate()
        if not today <= day <= today + FURTHEST:
            raise forms.ValidationError("Choose today or a day within the next two years.")
        return day


class LeavingActions(SaysWhoLeft, PersonByPerson):
    """What the people pages say of leavers, and offer to those who may change people."""

    actions = ["leaves", "bring_back"]
    actions_detail = ["leave_person", "keep_person", "bring_person_back"]

    @action(description="Leaves…", permissions=["change"])
    def leaves(self, request, queryset):
        return self._leave(request, queryset)

    @action(description="Bring back", permissions=["change"])
    def bring_back(self, request, queryset):
        return self._bring_back(request, queryset)

    @action(description="Leaves…", permissions=["change"], icon="logout")
    def leave_person(self, request, object_id):
        page = reverse("admin:staff_user_change", args=[object_id])
        return self._leave(request, self.one(request, object_id), page) or redirect(page)

    @action(description="Stays after all", permissions=["change"], icon="event_busy")
    def keep_person(self, request, object_id):
        return self.bring_person_back(request, object_id)

    @action(description="Bring back", permissions=["change"], icon="undo")
    def bring_person_back(self, request, object_id):
        page = reverse("admin:staff_user_change", args=[object_id])
        return self._bring_back(request, self.one(request, object_id), page) or redirect(page)

    def get_actions_detail(self, request, object_id):
        """Offer what fits: leaving to those who are there, coming back to those who left."""
        profile = getattr(self.get_object(request, object_id), "profile", None)
        fits = {
            "leave_person": not (profile and profile.departed_at),
            "keep_person": profile and profile.left_on and not profile.departed_at,
            "bring_person_back": profile and profile.departed_at,
        }
        return [
            offered
            for offered in super().get_actions_detail(request, object_id)
            if fits.get(offered.action_name.removeprefix("staff_user_"), True)
        ]

    @display(description="Leaving")
    def leaving_story(self, user):
        profile = user.profile
        day = date_format(profile.left_on)
        story = f"Left on {day}." if profile.departed_at else f"Leaves on {day}."
        team = f" {profile.successor} takes over the team." if profile.successor else ""
        return f"{story}{team} {profile.leaving_note}"

    def _stories(self, queryset) -> list[str]:
        """Return what is planned for, or has become of, the first of these people who leave."""
        leavers = queryset.exclude(profile__left_on=None).select_related("profile__successor")
        return [f"{user}: {self.leaving_story(user)}" for user in leavers[:20]]

    def _leave(self, request, queryset, cancel=""):
        says = [*leaving_consequences(queryset), *self._stories(queryset)]
        form_class = partial(LeavingForm, initial=planned(queryset))
        form, page = bulk.ask(
            self, request, queryset, form_class, "Leaving", "Let go", says, cancel
        )
        if page:
            return page
        day, successor, note = (form.cleaned_data[name] for name in form.fields)
        unfinished = []

        def allowed(user):
            return can_remove(request.user, user) and user != successor

        def leave(user):
            if user.profile.departed_at:
                return False
            if not leaving.plan(user, day, successor, note) and day <= timezone.localdate():
                unfinished.append(user.name)
            return True

        done = "left" if day <= timezone.localdate() else f"will leave on {date_format(day)}"
        why = "you may not do this to them, or they take over the team"
        self.each(request, queryset, allowed, leave, done, why)
        if unfinished:
            messages.error(request, UNFINISHED.format(", ".join(unfinished)))
        return None

    def _bring_back(self, request, queryset, cancel=""):
        title, says = "Bring back", [*RETURN_CONSEQUENCES, *self._stories(queryset)]
        _, page = bulk.ask(self, request, queryset, forms.Form, title, title, says, cancel)
        if page:
            return page

        def allowed(user):
            department = user.profile.department
            groups = department.groups.all() if department else []
            return can_remove(request.user, user) and can_grant(request.user, groups, to=user)

        def bring_back(user):
            if user.profile.left_on is None:
                return False
            leaving.bring_back(user)
            return True

        return self.each(request, queryset, allowed, bring_back, "brought back")


RETURN_CONSEQUENCES = [
    "Sign-in, groups and everything else are as they were, and a mail says how to sign in.",
    "Who was inactive before leaving stays so, and gets no mail.",
    "For somebody who was still to leave, nothing changes but that they stay.",
    "A team that was handed over stays with its new manager.",
]


def planned(queryset) -> dict:
    """Return what the form is filled in with: the plan, when it is about one person."""
    profile = Profile.objects.filter(user__in=queryset, departed_at=None).first()
    if profile is None or profile.left_on is None or queryset.count() > 1:
        return {}
    return {
        "left_on": profile.left_on,
        "successor": profile.successor_id,
        "note": profile.leaving_note,
    }


def leaving_consequences(queryset) -> list[str]:
    """Return what will happen by itself when these people leave."""
    count = queryset.count()
    reports = Profile.objects.filter(manager__in=queryset).count()
    headed = Department.objects.filter(head__in=queryset).count()
    return [
        f"{people(count)} can no longer sign in; open sessions and links end.",
        "The groups of the department are taken away; everything else stays, papers too.",
        *([f"{people(reports)} will get a new manager, or none, as chosen."] if reports else []),
        *([f"{counted(headed, *NEED_A_HEAD)}: choose one on its page."] if headed else []),
        "The head of the department and the admins are told on the day.",
    ]
