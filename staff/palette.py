"""People in the command palette."""

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from unfold.dataclasses import SearchResult

from .models import Profile, User

LIMIT = 10
SHORTEST = 2  # characters; a single letter finds everybody


def find_people(request, term: str) -> list[SearchResult]:
    """Return up to ten active people in whose name, user name or e-mail address `term` occurs.

    The results lead to the person, for those who may not see that to the directory, and there
    are none for those who may see neither.
    """
    words = term.split()
    if len(term.strip()) < SHORTEST:
        return []
    if may_see(request, User):
        return [result(profile, "staff_user", profile.user_id) for profile in matching(words)]
    if may_see(request, Profile):
        return [result(profile, "staff_profile", profile.pk) for profile in matching(words)]
    return []


def may_see(request, model) -> bool:
    model_admin = admin.site._registry.get(model)
    return bool(model_admin) and model_admin.has_view_or_change_permission(request)


def matching(words: list[str]):
    """Return the profiles of active people in which each of `words` occurs."""
    profiles = Profile.objects.select_related("user", "department").filter(user__is_active=True)
    for word in words:
        profiles = profiles.filter(
            Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__username__icontains=word)
            | Q(user__email__icontains=word)
        )
    return profiles[:LIMIT]


def result(profile: Profile, page: str, pk: int) -> SearchResult:
    about = [profile.job_title, str(profile.department or ""), profile.email]
    return SearchResult(
        title=profile.name,
        description=", ".join(filter(None, about)),
        link=reverse(f"admin:{page}_change", args=[pk]),
        icon="person",
    )
