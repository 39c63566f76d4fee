"""What the list and the page of a person show of them."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.db.models import TextChoices, prefetch_related_objects
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from intranet.trace.action import current_actor

from ..models import Profile, User
from ..profiles import profile_of
from ..provenance import sources


class Status(TextChoices):
    SUPERUSER = "superuser", gettext_lazy("superuser")
    SIGNS_IN = "can sign in", gettext_lazy("can sign in")
    BY_MAIL = "by mail", gettext_lazy("by mail")
    LEAVING = "leaving", gettext_lazy("leaving")
    INACTIVE = "inactive", gettext_lazy("inactive")
    LEFT = "left", gettext_lazy("left")


STATUS_COLOURS = {
    Status.SUPERUSER: "warning",
    Status.SIGNS_IN: "success",
    Status.BY_MAIL: "info",
    Status.LEAVING: "warning",
    Status.INACTIVE: "",
    Status.LEFT: "",
}

PHOTO = '<img loading="lazy" src="{}" width="32" height="32" alt="">'
INITIALS = '<span class="initials" aria-hidden="true">{}</span>'
WHO = (
    '<span class="who">{}<span><span class="block">{}</span>'
    '<span class="block text-subtle">{}</span></span></span>'
)


def asked_once(show: Callable) -> Callable:
    """Compute a field that is only shown once for each row: the theme asks for it six times."""

    @wraps(show)
    def answer(row):
        answers = vars(row).setdefault("_shown", {})
        if show not in answers:
            answers[show] = show(row)
        return answers[show]

    return answer


def initials(user: User) -> str:
    return f"{user.first_name[:1]}{user.last_name[:1]}" or user.username[:2]


def header(user: User) -> str:
    """Return what is drawn for somebody in a list: photo or initials, name and address.

    The name stands beside the picture, which says nothing more to those who do not see it.
    """
    photo = profile_of(user).photo
    picture = format_html(PHOTO, photo.url) if photo else format_html(INITIALS, initials(user))
    return format_html(WHO, picture, user.name, user.email)


@display(description=gettext_lazy("Where they come from"))
@asked_once
def where_from(user):
    rows = sources(user, viewer=current_actor())
    line = '<li class="mb-2"><strong>{}</strong> ({})<br>{}</li>'
    items = ((source.name, source.origin, source.rights) for source in rows)
    return format_html("<ul>{}</ul>", format_html_join("", line, items))


@display(description=gettext_lazy("Name"), ordering="last_name")
def who(user):
    return header(user)


@display(description=gettext_lazy("Job"), ordering="profile__job_title")
def job(user):
    return profile_of(user).job_title


@display(description=gettext_lazy("Department"), ordering="profile__department__name")
def department(user):
    return profile_of(user).department


def of_profile(name: str, ordering: str = ""):
    """Return a column with what a field of the profile holds."""
    field = Profile._meta.get_field(name)

    @display(description=field.verbose_name, ordering=f"profile__{ordering or name}")
    def column(user):
        return getattr(profile_of(user), name)

    column.__name__ = name
    return column


manager = of_profile("manager", "manager__last_name")
phone = of_profile("phone")
location = of_profile("location")
staff_number = of_profile("staff_number")
started_on = of_profile("started_on")


@display(description=gettext_lazy("Groups"))
def group_names(user):
    return ", ".join(sorted(str(group) for group in user.groups.all()))


group_names.prepare = lambda people: prefetch_related_objects(people, "groups")


def status_of(user: User) -> Status:
    profile = profile_of(user)
    if profile.departed_at:
        return Status.LEFT
    if not user.is_active:
        return Status.INACTIVE
    if profile.left_on:
        return Status.LEAVING
    if not user.is_staff:
        return Status.BY_MAIL
    return Status.SUPERUSER if user.is_superuser else Status.SIGNS_IN


@display(description=gettext_lazy("Status"), ordering="is_active", label=STATUS_COLOURS)
def status(user):
    return (shown := status_of(user)), shown.label


@display(description=gettext_lazy("Last sign-in"), ordering="last_login")
def last_seen(user):
    if not user.last_login:
        return None
    if timezone.now() - user.last_login < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(user.last_login, depth=1)}
