"""Required papers: a small table of who must have what."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from intranet.admin.base import SiteAdmin

from ..models import Requirement


@admin.register(Requirement)
class RequirementAdmin(SiteAdmin):
    list_display = ["shown_kind", "shown_department", "shown_job"]
    list_filter = [("kind", ChoicesDropdownFilter), ("department", RelatedDropdownFilter)]
    list_select_related = ["department"]
    search_fields = ["department__name", "job_title"]
    search_help_text = _("Department or job")
    fields = ["kind", "department", "job_title"]

    @display(description=_("Required paper"), ordering="kind", label=True)
    def shown_kind(self, required):
        return required.get_kind_display()

    @display(description=_("Department"), ordering="department__name", empty_value=_("all"))
    def shown_department(self, required):
        return required.department

    @display(description=_("Job"), ordering="job_title", empty_value=_("all"))
    def shown_job(self, required):
        return required.job or None
