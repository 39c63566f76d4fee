"""The profile on a person's page."""

from unfold.admin import StackedInline

from intranet.admin.autocomplete import AutocompleteFields

from ..forms import ProfileForm, ProfileFormSet
from ..models import Profile, User


def is_leaver(user: User) -> bool:
    """Return whether somebody has left or is about to."""
    return hasattr(user, "profile") and user.profile.left_on is not None


class ProfileInline(AutocompleteFields, StackedInline):
    model = Profile
    fk_name = "user"
    form = ProfileForm
    formset = ProfileFormSet
    can_delete = False
    min_num = max_num = 1
    tab = True
    hide_title = True
    autocomplete_fields = ["manager"]

    def get_fields(self, request, obj=None):
        first = [("job_title", "department"), ("started_on", "manager")]
        if obj is None:
            return first
        return [*first, "staff_number", ("phone", "location"), "photo"]
