"""People in the command palette."""

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from unfold.dataclasses import SearchResult

from intranet.folding import LONGEST, fold

from .models import Profile, User

LIMIT = 10
SHORTEST = 2  # characters; a single letter finds everybody


def find_people(request, term: str) -> list[SearchResult]:
    """Return up to ten people in whose name, user name or e-mail address `term` occurs.

    The results lead to the person, leavers included; for those who may not see that to the
    directory; and there are none for those who may see neither.
    """
    term = fold(term).strip()
    if not SHORTEST <= len(term) <= LONGEST:
        return []
    if may_see(request, User):
        return [result(user, "staff_user", user.pk) for user in matching(term.split())[:LIMIT]]
    if may_see(request, Profile):
        here = matching(term.split()).active().exclude(profile=None)
        return [result(user, "staff_profile", user.profile.pk) for user in here[:LIMIT]]
    return []


def may_see(request, model) -> bool:
    model_admin = admin.site._registry.get(model)
    return bool(model_admin) and model_admin.has_view_or_change_permission(request)


def matching(words: list[str]):
    """Return the people in whom each of `words` occurs."""
    people = User.objects.select_related("profile__department")
    for word in words:
        people = people.filter(
            Q(first_name__folded=word)
            | Q(last_name__folded=word)
            | Q(username__folded=word)
            | Q(email__folded=word)
        )
    return people


def result(user: User, page: str, pk: int) -> SearchResult:
    profile = getattr(user, "profile", Profile())
    about = [
        "has left" if profile.departed_at else "",
        profile.job_title,
        str(profile.department or ""),
        user.email,
    ]
    return SearchResult(
        title=user.name,
        description=", ".join(filter(None, about)),
        link=reverse(f"admin:{page}_change", args=[pk]),
        icon="person",
    )
