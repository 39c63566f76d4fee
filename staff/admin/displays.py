"""What the list and the page of a person show of them."""

from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from unfold.decorators import display

from intranet.trace.action import current_actor

from ..models import Profile, User
from ..profiles import profile_of
from ..provenance import sources


def header(user: User) -> list:
    """Return what Unfold draws for somebody in a list: name, address, initials and photo."""
    photo = profile_of(user).photo
    picture = {"path": photo.url, "width": 32, "height": 32} if photo else None
    initials = f"{user.first_name[:1]}{user.last_name[:1]}" or user.username[:2]
    return [user.name, user.email, initials, picture]


@display(description="Where they come from")
def where_from(user):
    rows = sources(user, viewer=current_actor())
    line = '<li class="mb-2"><strong>{}</strong> ({})<br>{}</li>'
    items = ((source.name, source.origin, source.rights) for source in rows)
    return format_html("<ul>{}</ul>", format_html_join("", line, items))


@display(description="Name", header=True, ordering="last_name")
def who(user):
    return header(user)


@display(description="Job", ordering="profile__job_title")
def job(user):
    return profile_of(user).job_title


@display(description="Department", ordering="profile__department__name")
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


@display(description="Groups")
def group_names(user):
    return ", ".join(sorted(group.name for group in user.groups.all()))


@display(
    description="Status",
    ordering="is_active",
    label={
        "superuser": "warning",
        "can sign in": "success",
        "by mail": "info",
        "leaving": "warning",
    },
)
def status(user):
    profile = profile_of(user)
    if profile.departed_at:
        return "left"
    if not user.is_active:
        return "inactive"
    if profile.left_on:
        return "leaving"
    if not user.is_staff:
        return "by mail"
    return "superuser" if user.is_superuser else "can sign in"


@display(description="Last sign-in", ordering="last_login", empty_value="never")
def last_seen(user):
    return f"{timesince(user.last_login, depth=1)} ago" if user.last_login else None
