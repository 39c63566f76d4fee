"""The head of a person's pages: who that is, what happens next, and who reports to them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db.models import Count, Window
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from intranet import troubles
from intranet.admin.history import may_see_history
from intranet.outbox.models import Mail
from intranet.sidebar import address, list_url
from intranet.trace.telling import and_more

from .. import inviting, leaving
from ..invitations import Invitation
from ..models import Department, Profile, User
from ..profiles import profile_of
from .displays import STATUS_COLOURS, initials, status_of

NAMED = 12  # reports; the others are counted
steps: list[Callable] = []  # called with request and user: the sentences of upper floors
ways: list[Callable] = []  # their links


class Link(NamedTuple):
    text: str
    url: str = ""


def head_of(request, user: User, page) -> dict:
    """Return what `page`, that of people or the directory, shows above all its tabs."""
    is_own = page.model is User  # where more is said than in the directory
    profile, people = profile_of(user), page.admin_site.get_model_admin(User)
    colleague = address_of(people.has_view_or_change_permission(request))
    return {
        "name": user.name,
        "photo": profile.photo,
        "initials": initials(user),
        "job": profile.job_title,
        "department": profile.department and department(request, profile.department),
        "manager": profile.manager and colleague(profile.manager),
        "status": is_own and status_of(user).label,
        "colour": is_own and STATUS_COLOURS.get(status_of(user)),
        "next": [*next_steps(user), *upper_steps(request, user)] if is_own else [],
        "links": list(links(request, user, is_own)),
        **reports(request, user, colleague, page),
    }


def address_of(may_see_people: bool):
    """Return what makes a link of somebody: to their own page, or else to the directory."""

    def link(user: User) -> Link:
        if may_see_people:
            return Link(user.name, address(User, "change", user.pk))
        seen = user.is_active and profile_of(user).pk
        return Link(user.name, address(Profile, "change", profile_of(user).pk) if seen else "")

    return link


def department(request, row: Department) -> Link:
    seen = list_url(request, Department)
    return Link(row.name, address(Department, "change", row.pk) if seen else "")


def reports(request, user: User, link, page) -> dict:
    """Return the first who report to somebody, and the way to all of them."""
    people = User.objects.filter(profile__manager=user, profile__departed_at=None)
    if page.model is Profile:
        seen = page.get_queryset(request).order_by().values("pk")
        people = people.filter(profile__in=seen).select_related("profile")
    first = list(people.annotate(number=Window(Count("*")))[:NAMED])
    more = first[0].number - len(first) if first else 0
    column = "manager" if page.model is Profile else "profile__manager"
    query = urlencode({f"{column}__id__exact": user.pk})
    return {
        "reports": [link(it) for it in first],
        "more": more
        and Link(
            and_more(more),
            f"{address(page.model, 'changelist')}?{query}",
        ),
    }


def links(request, user: User, is_own: bool) -> Iterator[Link]:
    """Return the ways to what else there is of somebody, for those who may see it."""
    if not is_own:
        if request.user.has_perm("staff.view_user"):
            yield Link(_("Open the person's page"), address(User, "change", user.pk))
        return
    if may_see_history(request, user):
        yield Link(_("History"), address(User, "history", user.pk))
    if mails := list_url(request, Mail):
        yield Link(_("Mails"), f"{mails}?{urlencode({'to__iexact': user.email})}")
    for lead in ways:
        yield from lead(request, user)


def upper_steps(request, user: User) -> Iterator[str]:
    for say in steps:
        yield from say(request, user)


def next_steps(user: User) -> Iterator[str]:
    """Return what is to happen to somebody, and what is waited for, as sentences."""
    profile, today = profile_of(user), timezone.localdate()
    if profile.departed_at:
        yield on(_("Left on %(day)s."), profile.last_day)
        return
    if profile.left_on:
        is_ahead = profile.left_on > today
        due = _("Was to leave on %(day)s. That happens by itself within minutes.")
        failed = _("Was to leave on %(day)s. That failed, and is tried again by itself: %(error)s")
        error = not is_ahead and troubles.error_of(leaving.TROUBLE, profile.pk)
        says = _("Leaves on %(day)s.") if is_ahead else failed if error else due
        yield on(says, profile.left_on, error=error)
    if user.is_active:
        yield from invitation_steps(user)
        if profile.started_on and profile.started_on > today:
            yield on(_("First day on %(day)s."), profile.started_on)


def invitation_steps(user: User) -> Iterator[str]:
    """Return how far somebody's invitation is, who is active; nothing where none is expected."""
    is_expected = user.is_staff or profile_of(user).invite_on
    if not (is_expected and inviting.is_invitable(user)):
        return
    facts = "invitation", "invited_at", "invitation_error"
    found = User.objects.with_invitation().values_list(*facts)
    invitation, invited_at, invitation_error = found.get(pk=user.pk)
    match invitation:
        case Invitation.PLANNED:
            planned = _("Invitation goes out on %(day)s.")
            welcome = _("Welcome mail goes out on %(day)s.")
            yield on(planned if user.is_staff else welcome, profile_of(user).invite_on)
            if error := troubles.error_of(inviting.TROUBLE, profile_of(user).pk):
                yield _("The invitation could not be mailed: %(error)s") % {"error": error}
        case Invitation.NOT_INVITED:
            yield _("Not invited yet.")
        case Invitation.QUEUED:
            yield _("The invitation waits to be sent.")
        case Invitation.SENT:
            yield on(_("Invitation unanswered since %(day)s."), invited_at)
        case Invitation.EXPIRED:
            yield on(
                _("Invitation unanswered since %(day)s; its link works no longer."),
                invited_at,
            )
        case Invitation.FAILED:
            words = {"error": invitation_error}
            yield _("The invitation could not be mailed: %(error)s") % words


def on(sentence: str, day, **facts) -> str:
    """Put a day, or that of a moment, and other facts into a sentence."""
    day = date_format(localtime(day) if hasattr(day, "hour") else day)
    return sentence % {"day": day, **facts}
