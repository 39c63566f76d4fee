"""The outbox: what is waiting, what went out, what failed and why."""

from django.contrib import admin
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import display

from intranet.outbox.models import Mail

from .base import ReadOnlyAdmin
from .bulk import asking, report
from .filters import DayRangeFilter

COLOURS = {
    Mail.Status.QUEUED: "info",
    Mail.Status.SENDING: "warning",
    Mail.Status.SENT: "success",
    Mail.Status.FAILED: "danger",
}


@admin.register(Mail)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ["state", "to", "subject", "attempts", "error", "created_at", "sent_at"]
    list_display_links = ["to", "subject"]
    list_filter = [("status", ChoicesCheckboxFilter), ("created_at", DayRangeFilter)]
    search_fields = ["to", "subject", "message_id"]
    search_help_text = "Search for an address, a subject or a message ID"
    fields = [
        "subject",
        ("to", "sender"),
        ("status", "attempts"),
        "error",
        ("created_at", "sent_at"),
        "message_id",
    ]
    actions = ["send_again"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("message", "context")

    def lookup_allowed(self, lookup, value, request):
        """Show what was mailed to one address, too."""
        return lookup == "to__iexact" or super().lookup_allowed(lookup, value, request)

    def has_resend_permission(self, request):
        return request.user.has_perm("intranet.change_mail")

    @display(description="status", ordering="status", label=COLOURS)
    def state(self, mail):
        return mail.status, mail.get_status_display()

    def get_fields(self, request, obj=None):
        waits = obj and obj.status == Mail.Status.QUEUED
        return [*self.fields, "next_attempt_at"] if waits else self.fields

    @asking("Send again (failed mails only)", permission="resend", if_all=True)
    def send_again(self, request, queryset):
        """Queue failed mails as if they were new; the others stay as they are."""
        chosen = queryset.count()
        count = queryset.filter(status=Mail.Status.FAILED).update(
            status=Mail.Status.QUEUED, attempts=0, next_attempt_at=timezone.now(), error=""
        )
        report(request, self.opts, count, "will be sent again", chosen - count, "had not failed")
