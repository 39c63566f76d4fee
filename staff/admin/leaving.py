"""Leaving and coming back, and who has left: on the list of people and on their own pages."""

from copy import copy

from django import forms
from django.contrib import admin, messages
from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextareaWidget

from intranet import troubles
from intranet.admin.bulk import asking, each, telling
from intranet.admin.keys_first import TURNING
from intranet.admin.search import RowSelect
from intranet.attention import FILTER
from intranet.trace.action import current
from intranet.trace.phrases import Said, nphrase, phrase, several

from .. import leaving, membership
from ..asking import the_same_for_all
from ..attention import OVERDUE
from ..forms import day_to_come
from ..models import LEFT, Profile, User
from ..profiles import profile_of, with_profiles
from ..rights import can_remove
from ..roles import can_grant
from .displays import asked_once

UNFINISHED = gettext_lazy(
    "Something failed when these people left: %(names)s. Their groups and reports are as before. "
    "It is tried again by itself, and the notices say whether they can still sign in."
)


class PresenceFilter(RadioFilter):
    """Hides those who left, unless asked for; in a list of people or of profiles."""

    title = gettext_lazy("presence")
    parameter_name = "presence"
    all_option = ["", gettext_lazy("Those who are here")]

    def lookups(self, request, model_admin):
        return [
            ("leaving", _("Leaving soon")),
            ("left", _("Left")),
            ("everybody", _("All, also who left")),
        ]

    def queryset(self, request, queryset):
        gone, path = Q(pk__in=Profile.objects.left().values("user")), "profile__left_on"
        if queryset.model is Profile:
            gone, path = LEFT, "left_on"
        leaving = ~gone & Q((f"{path}__isnull", False))
        shown = {"leaving": leaving, "left": gone, "everybody": Q()}
        return queryset.filter(shown.get(self.value(), ~gone))


class SaysWhoLeft:
    """For a list with a presence filter: a search says how many it hides, and leads to them."""

    list_before_template = "staff/who_left.html"

    def get_paginator(self, request, queryset, *args, **kwargs):
        """Count who is here as all but who left, where nothing else is asked: those are few."""
        pages = super().get_paginator(request, queryset, *args, **kwargs)
        if request.GET.keys() <= TURNING and request.user.has_perm("staff.view_user"):
            everybody, left = self.model._default_manager, Profile.objects.left()
            pages.count = everybody.count() - left.count()
        return pages

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        shown = (getattr(page, "context_data", None) or {}).get("cl")
        filters = shown.filter_specs if shown else []
        presence = next((it for it in filters if isinstance(it, PresenceFilter)), None)
        others = [name for it in filters if it is not presence for name in it.expected_parameters()]
        asked = shown and (shown.query or any(map(request.GET.get, others)))
        is_of_those_here = request.GET.get(FILTER, "") not in ("", OVERDUE)  # by attention
        if presence and not presence.value() and asked and not is_of_those_here:
            there = copy(request)
            there.GET = request.GET.copy()
            there.GET.pop("p", None)
            there.GET["presence"] = "left"
            if count := self.get_changelist_instance(there).result_count:
                says = nphrase(
                    "%(count)d person who left matches", "%(count)d people who left match", count
                )
                page.context_data["who_left"] = {
                    "says": str(says),
                    "url": f"?{there.GET.urlencode()}",
                }
        return page


class LeavingForm(forms.Form):
    left_on = forms.DateField(
        label=gettext_lazy("Leaves on"),
        initial=timezone.localdate,
        widget=UnfoldAdminSingleDateWidget,
        validators=[day_to_come],
        help_text=gettext_lazy("Access ends on this day: at once when it is today."),
    )
    successor = forms.ModelChoiceField(
        User.objects.active(),
        required=False,
        label=gettext_lazy("Takes over the team"),
        help_text=gettext_lazy("New manager of the people who report to whoever leaves."),
        widget=RowSelect(Profile._meta.get_field("successor"), admin.site),
    )
    note = forms.CharField(
        required=False,
        label=gettext_lazy("Note"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


def planned(queryset) -> dict:
    """Return what the form is filled in with: the plan, when it is about one person."""
    plans = Profile.objects.filter(user__in=queryset, departed_at=None).exclude(left_on=None)
    found = plans.values("left_on", "successor", note=F("leaving_note"))[:2]
    return found[0] if len(found) == queryset.count() == 1 else {}


@display(description=gettext_lazy("Leaving"))
@asked_once
def leaving_story(user: User) -> str:
    """Return what is planned for, or has become of, somebody who leaves."""
    profile = user.profile
    planned = leaving.planned(profile)
    facts = {"day": date_format(profile.left_on), **planned}
    if profile.departed_at:
        text = (
            _("Left on %(day)s, as %(by)s planned on %(on)s.") if planned else _("Left on %(day)s.")
        )
    else:
        text = (
            _("Leaves on %(day)s, as %(by)s planned on %(on)s.")
            if planned
            else _("Leaves on %(day)s.")
        )
    said = [text % facts]
    if profile.successor:
        said.append(_("%(name)s takes over the team.") % {"name": profile.successor})
    return " ".join(filter(None, [*said, profile.leaving_note]))


@display(description=gettext_lazy("Why still here"))
def why_here(user: User) -> str:
    return user.why_here


def read_why(people) -> None:
    """Read why those who were to leave by now have not."""
    failed = troubles.errors(leaving.TROUBLE, [profile_of(it).pk for it in people])
    waits, tried = _("It happens within minutes."), _("It is tried again by itself: %(error)s")
    for user in people:
        error = failed.get(str(profile_of(user).pk))
        user.why_here = tried % {"error": error} if error else waits


why_here.prepare = read_why


def are_back(users: list[User]) -> Said:
    """Return who is back, and what they have again by that."""
    here = User.objects.active().filter(pk__in=[it.pk for it in users], is_staff=True).count()
    links = [it.values.get("groups") for it in current().collected("changes", DEFAULT_DB_ALIAS)]
    groups = sum(len(it["added"]) for it in links if it)
    who = telling("%(name)s is back", "%(count)s people are back")([str(it) for it in users])
    signing_in = phrase("%(some)s of them can sign in again", some=here)
    if len(users) == 1:
        signing_in = phrase("can sign in again")
    what = several(
        here and signing_in,
        groups and nphrase("1 group back", "%(count)s groups back", groups),
    )
    return phrase("%(title)s: %(what)s", title=who, what=what) if what else who


def stay_after_all(users: list[User]) -> Said:
    says = telling("%(name)s stays after all", "%(count)s people stay after all")
    return says([str(it) for it in users])


class LeavingActions(SaysWhoLeft):
    """What the people pages say of leavers, and offer to those who may change people."""

    def columns(self, request):
        """Say of those who were to leave by now why they are still here."""
        also = {"why_here": why_here} if request.GET.get(FILTER) == OVERDUE else {}
        return super().columns(request) | also

    def get_list_display(self, request):
        columns, also = super().get_list_display(request), self.columns(request).get("why_here")
        return columns if also in (None, *columns) else [*columns, also]

    @asking(
        gettext_lazy("Record leaving…"),
        form=LeavingForm,
        initial=planned,
        icon="logout",
        fits=lambda user: not profile_of(user).departed_at,
    )
    def leaves(self, request, queryset, left_on, successor, note):
        unfinished, is_due = [], left_on <= timezone.localdate()

        def allowed(actor, user):
            return can_remove(actor, user) and user != successor

        def leave(user):
            if user.profile.departed_at:
                return False
            if not leaving.plan(user, left_on, successor, note) and is_due:
                unfinished.append(user.name)
            return True

        said = telling(
            "%(name)s leaves on %(day)s",
            "%(count)s people leave on %(day)s",
            day=date_format(left_on),
        )
        why = _("you may not do this to them, or they take over the team")
        each(request, with_profiles(queryset), leave, allowed, why=why, said=said)
        if unfinished:
            messages.error(request, UNFINISHED % {"names": ", ".join(unfinished)})

    leave_person = leaves

    @the_same_for_all()
    def bring_back(self, request, queryset):
        returned, stay = [], []

        def allowed(actor, user):
            groups = membership.groups_of(user.profile.department_id)
            return can_remove(actor, user) and can_grant(actor, groups, to=user)

        def bring_back(user):
            if user.profile.last_day is None:
                return False
            (returned if user.profile.departed_at else stay).append(user)
            leaving.bring_back(user)
            return True

        def did(names):
            return several(returned and are_back(returned), stay and stay_after_all(stay))

        each(request, with_profiles(queryset), bring_back, allowed, did=did)

    keep_person = asking(
        gettext_lazy("Stays after all"),
        icon="event_busy",
        fits=lambda user: profile_of(user).left_on and not profile_of(user).departed_at,
    )(bring_back)
    bring_back = bring_person_back = asking(
        gettext_lazy("Bring back"),
        icon="undo",
        fits=lambda user: profile_of(user).departed_at,
    )(bring_back)
