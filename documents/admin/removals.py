"""Removed files: what went, what stayed because a row names it, what could not be removed yet."""

from django.contrib import admin
from django.utils import timezone
from unfold.contrib.filters.admin import CheckboxFilter, ChoicesCheckboxFilter
from unfold.decorators import action, display

from intranet.admin.base import ReadOnlyAdmin
from intranet.admin.bulk import report
from intranet.admin.filters import DayRangeFilter

from ..models import FileRemoval

STATES = {
    "waiting": "waiting",
    "removing": "being removed",
    "failed": "failed, will be tried again",
    "kept": "kept, a row still names it",
    "removed": "removed",
}
COLOURS = {"removing": "info", "failed": "danger", "kept": "warning", "removed": "success"}


class StateFilter(CheckboxFilter):
    title = "status"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return list(STATES.items())

    def queryset(self, request, queryset):
        return queryset.in_states(self.value()) if self.value() else queryset


@admin.register(FileRemoval)
class FileRemovalAdmin(ReadOnlyAdmin):
    list_display = ["state", "name", "source", "reason", "attempts", "error", "created_at"]
    list_display_links = ["name"]
    list_filter = [StateFilter, ("reason", ChoicesCheckboxFilter), ("created_at", DayRangeFilter)]
    search_fields = ["name"]
    search_help_text = "Search for the stored name of a file"
    ordering = ["-created_at", "-pk"]
    fields = [
        "state",
        "name",
        ("storage", "source"),
        "reason",
        ("created_at", "due_at", "attempts"),
        "error",
        ("removed_at", "kept_at"),
    ]
    readonly_fields = ["state"]
    actions = ["try_again"]

    def has_retry_permission(self, request):
        return request.user.has_perm("documents.change_fileremoval")

    @display(description="status", label=COLOURS)
    def state(self, removal):
        return removal.status, STATES[removal.status]

    @action(description="Try again now (failed ones only)", permissions=["retry"])
    def try_again(self, request, queryset):
        """Make failed removals due at once; the worker takes them up within seconds."""
        chosen = queryset.count()
        count = queryset.failed().update(due_at=timezone.now())
        sentence = "will be tried again now"
        report(request, "removal", count, sentence, chosen - count, "had not failed")
