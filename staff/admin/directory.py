"""The directory: everybody's colleagues, to look up."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from intranet.admin.base import ReadOnlyAdmin

from ..models import Profile
from .displays import header
from .head import head_of
from .joining import JoinerFilter
from .leaving import PresenceFilter, SaysWhoLeft


@admin.register(Profile)
class DirectoryAdmin(SaysWhoLeft, ReadOnlyAdmin):
    """Looks people up. Editing and deleting happen on the person's own page."""

    list_display = ["who", "job_title", "department", "phone", "location"]
    list_filter = [JoinerFilter, ("department", RelatedDropdownFilter)]
    search_fields = [
        "user__first_name",
        "user__last_name",
        "user__email",
        "job_title",
        "phone",
        "department__name",
    ]
    search_help_text = gettext_lazy("Name, e-mail, job, department or telephone")
    list_select_related = ["user", "department"]
    change_form_outer_before_template = "staff/head.html"
    fields = ["phone", "mail", "location"]
    readonly_fields = ["mail"]

    def get_queryset(self, request):
        profiles = super().get_queryset(request)
        profiles = profiles.select_related("user", "department", "manager__profile")
        if request.user.has_perm("staff.view_user"):
            return profiles
        return profiles.filter(user__is_active=True)

    def get_list_filter(self, request):
        seen_by_hr = [PresenceFilter] if request.user.has_perm("staff.view_user") else []
        return [*seen_by_hr, *self.list_filter]

    def render_change_form(self, request, context, *args, **kwargs):
        context["head"] = head_of(request, context["original"].user, self)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=gettext_lazy("Name"), ordering="user__last_name")
    def who(self, profile):
        return header(profile.user)

    @display(description=gettext_lazy("E-mail"))
    def mail(self, profile):
        return format_html('<a class="text-link" href="mailto:{0}">{0}</a>', profile.email)
