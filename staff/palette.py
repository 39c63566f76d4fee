"""People in the command palette."""

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from unfold.dataclasses import SearchResult

from .models import Profile, User

LIMIT = 10
SHORTEST = 2  # characters; a single letter finds everybody


def find_people(request, term: str) -> list[SearchResult]:
    """Return up to ten people in whose name, user name or e-mail address `term` occurs.

    The results lead to the person, leavers included; for those who may not see that to the
    directory; and there are none for those who may see neither.
    """
    words = term.split()
    if len(term.strip()) < SHORTEST:
        return []
    if may_see(request, User):
        return [
            result(profile, "staff_user", profile.user_id) for profile in matching(words)[:LIMIT]
        ]
    if may_see(request, Profile):
        here = matching(words).filter(user__is_active=True)
        return [result(profile, "staff_profile", profile.pk) for profile in here[:LIMIT]]
    return []


def may_see(request, model) -> bool:
    model_admin = admin.site._registry.get(model)
    return bool(model_admin) and model_admin.has_view_or_change_permission(request)


def matching(words: list[str]):
    """Return the profiles in which each of `words` occurs."""
    profiles = Profile.objects.select_related("user", "department")
    for word in words:
        profiles = profiles.filter(
            Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__username__icontains=word)
            | Q(user__email__icontains=word)
        )
    return profiles


def result(profile: Profile, page: str, pk: int) -> SearchResult:
    about = [
        "has left" if profile.departed_at else "",
        profile.job_title,
        str(profile.department or ""),
        profile.email,
    ]
    return SearchResult(
        title=profile.name,
        description=", ".join(filter(None, about)),
        link=reverse(f"admin:{page}_change", args=[pk]),
        icon="person",
    )
