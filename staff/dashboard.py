"""What people contribute to the dashboard."""

from django.urls import reverse
from django.utils import timezone

from .models import Profile, User


def people_cards(request) -> dict:
    """Return the cards with the number of active people and of this month's joiners."""
    if not request.user.has_perm("staff.view_profile"):
        return {}
    today = timezone.localdate()
    joiners = Profile.objects.filter(
        user__is_active=True, started_on__year=today.year, started_on__month=today.month
    )
    page = "staff_user" if request.user.has_perm("staff.view_user") else "staff_profile"
    url = reverse(f"admin:{page}_changelist")
    return {
        "cards": [
            {
                "title": "People",
                "value": User.objects.active().count(),
                "url": url,
                "hint": "active",
            },
            {"title": "Joiners", "value": joiners.count(), "url": url, "hint": "this month"},
        ]
    }
