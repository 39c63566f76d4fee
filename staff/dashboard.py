"""What people put into the sidebar and on the dashboard."""

from datetime import datetime, time, timedelta

from django.contrib.auth.models import Group
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext

from intranet import dashboard, sidebar

from . import attention
from .models import Department, Profile, SignIn, User


def register() -> None:
    """Put the pages of this floor into the sidebar and its numbers on the dashboard."""
    section = gettext_noop("People")
    sidebar.add(section, _("People"), "group", User)
    sidebar.add(section, _("Directory"), "contacts", Profile)
    sidebar.add(section, _("Departments"), "apartment", Department)
    sidebar.add(sidebar.SYSTEM, _("Groups and rights"), "key", Group)
    sidebar.add(sidebar.SYSTEM, _("Sign-ins"), "login", SignIn)
    dashboard.add_quick_link(_("Add a person"), "person_add", User)
    dashboard.add_card(_("People"), active_people, User, Profile)
    dashboard.add_card(_("Joiners"), joiners, User, Profile)
    attention.register()


def active_people(user) -> dict:
    """Return the number of those who are here; the directory shows nobody else to its readers."""
    may_see_accounts = user.has_perm("staff.view_user") or user.has_perm("staff.change_user")
    query = "?is_active__exact=1" if may_see_accounts else ""
    return {"value": attention.here().count(), "hint": pgettext("people", "active"), "query": query}


def newcomers():
    """Return the profiles of active people whose first day, or else day added, is in this month.

    Whoever has no profile, which only bare SQL brings about, is left out: no index finds them.
    """
    first = timezone.localdate().replace(day=1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    begin, end = (timezone.make_aware(datetime.combine(it, time.min)) for it in (first, next_first))
    added = Q(started_on=None, user__date_joined__gte=begin, user__date_joined__lt=end)
    started = Q(started_on__gte=first, started_on__lt=next_first)
    here = Profile.objects.order_by().filter(user__is_active=True, departed_at=None)
    return here.filter(started | added)


def joiners(user) -> dict:
    return {"value": newcomers().count(), "hint": _("this month"), "query": "?joining=month"}
