"""What people put into the sidebar and on the dashboard."""

from django.contrib.auth.models import Group
from django.utils import timezone

from intranet import dashboard, sidebar

from . import attention
from .models import Department, Profile, SignIn, User


def register() -> None:
    """Put the pages of this floor into the sidebar and its numbers on the dashboard."""
    sidebar.add("People", "People", "group", User)
    sidebar.add("People", "Directory", "contacts", Profile)
    sidebar.add("People", "Departments", "apartment", Department)
    sidebar.add(sidebar.SYSTEM, "Groups and rights", "key", Group)
    sidebar.add(sidebar.SYSTEM, "Sign-ins", "login", SignIn)
    dashboard.add_quick_link("Add a person", "person_add", User)
    dashboard.add_card("People", active_people, User, Profile)
    dashboard.add_card("Joiners", joiners, User, Profile)
    attention.register()


def active_people(user) -> dict:
    return {"value": User.objects.active().count(), "hint": "active"}


def joiners(user) -> dict:
    today = timezone.localdate()
    joined = Profile.objects.filter(
        user__is_active=True, started_on__year=today.year, started_on__month=today.month
    )
    return {"value": joined.count(), "hint": "this month"}
