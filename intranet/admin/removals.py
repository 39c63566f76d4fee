"""Removed files: what went, what stayed because a row names it, what could not be removed yet."""

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import CheckboxFilter
from unfold.decorators import display

from intranet.admin.base import ReadOnlyAdmin
from intranet.admin.bulk import asking, report
from intranet.admin.filters import ChoicesFilter, DayRangeFilter, as_offered

from ..files.models import FileRemoval, in_plain_words
from ..trace.phrases import nphrase

STATES = {
    "waiting": _("waiting"),
    "removing": _("being removed"),
    "failed": _("failed, will be tried again"),
    "kept": _("kept, it is still in use"),
    "removed": _("removed"),
}
REASONS = {
    FileRemoval.Reason.DELETED: _("what it belonged to was deleted"),
    FileRemoval.Reason.REPLACED: _("it was replaced or taken out"),
    FileRemoval.Reason.ORPHANED: _("nothing used it"),
}
COLOURS = {
    "waiting": "",
    "removing": "info",
    "failed": "danger",
    "kept": "warning",
    "removed": "success",
}


BY_ITSELF = _("A removal that failed is tried again by itself, every few hours.")
AT_ONCE = _("To have it tried at once, tick it and choose “Try again now”.")


class StateFilter(CheckboxFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return as_offered(STATES.items())

    def queryset(self, request, queryset):
        return queryset.in_states(self.value()) if self.value() else queryset


@admin.register(FileRemoval)
class FileRemovalAdmin(ReadOnlyAdmin):
    list_before_template = "intranet/what_to_do.html"
    list_display = [
        "state",
        "what",
        "whose",
        "why",
        "created_at",
        "attempts",
        "error",
        "shown_name",
    ]
    list_display_links = ["what"]
    list_filter = [StateFilter, ("reason", ChoicesFilter), ("created_at", DayRangeFilter)]
    search_fields = ["whose", "name"]
    search_help_text = _("Whose file it was, or its stored name")
    fields = [
        "shown_state",
        ("what", "why"),
        "whose",
        ("created_at", "due_at"),
        ("attempts", "error"),
        ("removed_at", "kept_at"),
        "shown_name",
        ("storage", "source"),
    ]
    readonly_fields = ["shown_state", "what", "why", "shown_name"]
    actions = ["try_again"]

    def changelist_view(self, request, extra_context=None):
        lines = [BY_ITSELF, *([AT_ONCE] if self.has_retry_permission(request) else [])]
        return super().changelist_view(request, {"what_to_do": lines} | (extra_context or {}))

    def has_retry_permission(self, request):
        return request.user.has_perm("intranet.change_fileremoval")

    @display(description=_("status"), label=COLOURS)
    def state(self, removal):
        return removal.status, STATES[removal.status]

    @display(description=_("status"))
    def shown_state(self, removal):
        return STATES[removal.status]

    @display(description=_("what it was"), ordering="source")
    def what(self, removal):
        return in_plain_words(removal.source)

    @display(description=_("why"), ordering="reason")
    def why(self, removal):
        return REASONS.get(removal.reason, removal.get_reason_display())

    @display(description=_("file"), ordering="name")
    def shown_name(self, removal):
        """It has no space to break at, and would be cut off on a phone."""
        style = "white-space:normal;word-break:break-all"
        return format_html('<span style="{}">{}</span>', style, removal.name)

    @asking(_("Try again now (failed ones only)"), permission="retry", if_all=True)
    def try_again(self, request, queryset):
        """Make failed removals due at once; the worker takes them up within seconds."""
        chosen = queryset.count()
        count = queryset.failed().update(due_at=timezone.now())
        report(
            request,
            count,
            nphrase(
                "%(count)d file will be tried again now.",
                "%(count)d files will be tried again now.",
            ),
            chosen - count,
            nphrase(
                "%(count)d file had not failed: nothing was done there.",
                "%(count)d files had not failed: nothing was done there.",
            ),
        )
