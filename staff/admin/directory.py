"""The directory: everybody's colleagues, to look up."""

from django.contrib import admin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from intranet.admin.base import ReadOnlyAdmin

from ..models import Profile, User
from .displays import header
from .joining import JoinerFilter
from .leaving import PresenceFilter, SaysWhoLeft


@admin.register(Profile)
class DirectoryAdmin(SaysWhoLeft, ReadOnlyAdmin):
    """Looks people up. Editing happens on the person's own page, deleting removes the person."""

    list_display = ["who", "job_title", "department", "phone", "location"]
    list_filter = [JoinerFilter, ("department", RelatedDropdownFilter)]
    search_fields = ["user__first_name", "user__last_name", "user__email", "job_title", "phone"]
    search_help_text = "Name, e-mail, job or telephone"
    list_select_related = ["user", "department"]
    fields = ["name", "job_title", "department", "manager", "phone", "email", "location"]

    def get_queryset(self, request):
        profiles = super().get_queryset(request)
        if request.user.has_perm("staff.view_user"):
            return profiles
        return profiles.filter(user__is_active=True)

    def get_list_filter(self, request):
        seen_by_hr = [PresenceFilter] if request.user.has_perm("staff.view_user") else []
        return [*seen_by_hr, *self.list_filter]

    def has_delete_permission(self, request, obj=None):
        """The person goes with the profile, so it takes the right to delete people."""
        allowed = request.user.has_perm("staff.delete_profile")
        return allowed and self.people.has_delete_permission(request, obj and obj.user)

    @property
    def people(self):
        return self.admin_site.get_model_admin(User)

    @display(description="Name", header=True, ordering="user__last_name")
    def who(self, profile):
        return header(profile.user)
