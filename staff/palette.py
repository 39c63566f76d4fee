"""People in the command palette."""

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from intranet.admin.keys_first import keys_found
from intranet.folding import fold

from .models import Profile, User
from .profiles import profile_of

LIMIT = 10
SHORTEST = 2  # characters; a single letter finds everybody


def find_people(request, term: str) -> list[SearchResult]:
    """Return the first ten people whom the list of people finds, or else the directory.

    It depends on which of the two the signed-in user may see; leavers are on the first alone.
    """
    if len(fold(term).strip()) < SHORTEST:
        return []
    for model in (User, Profile):
        page = admin.site.get_model_admin(model)
        if page.has_view_or_change_permission(request):
            everybody = page.get_queryset(request).prefetch_related(None)
            found, _ = page.get_search_results(request, everybody, term)
            if (keys := keys_found(found)) is not None:
                found = found.filter(pk__in=keys[:LIMIT])
            return [result(row) for row in found.select_related(*page.list_select_related)[:LIMIT]]
    return []


def result(row: User | Profile) -> SearchResult:
    user = row.user if isinstance(row, Profile) else row
    profile = profile_of(user)
    left = _("has left") if profile.departed_at else ""
    about = [left, profile.job_title, str(profile.department or ""), user.email]
    return SearchResult(
        title=user.name,
        description=", ".join(filter(None, about)),
        link=reverse(f"admin:staff_{row._meta.model_name}_change", args=[row.pk]),
        icon="person",
    )
