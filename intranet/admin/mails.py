"""The outbox: what is waiting, what went out, what it said, what failed and why."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from intranet.outbox.kept import words
from intranet.outbox.models import Mail
from intranet.trace.phrases import nphrase

from .base import ReadOnlyAdmin
from .bulk import asking, report
from .filters import ChoicesFilter, DayRangeFilter

COLOURS = {
    Mail.Status.QUEUED: "info",
    Mail.Status.SENDING: "warning",
    Mail.Status.SENT: "success",
    Mail.Status.FAILED: "danger",
}


def may_read(request, mail: Mail, of_nobody: bool) -> bool:
    """Return whether the viewer may see the person a mail went to, and so read what it said.

    `of_nobody` is the answer for a mail whose address nobody has.
    """
    person = get_user_model().objects.at_address(mail.to).first()
    people = admin.site.get_model_admin(get_user_model())
    return people.has_view_permission(request, person) if person else of_nobody


@admin.register(Mail)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ["state", "to", "subject", "error", "created_at"]
    more_columns = ["attempts", "sent_at"]
    list_display_links = ["to", "subject"]
    list_filter = [("status", ChoicesFilter), ("created_at", DayRangeFilter)]
    search_fields = ["to", "subject", "message_id"]
    search_help_text = gettext_lazy("Search for an address, a subject or a message ID")
    fields = [
        "subject",
        ("to", "sender"),
        ("status", "attempts"),
        "error",
        ("created_at", "sent_at"),
        "message_id",
    ]
    readonly_fields = ["said"]
    actions = ["send_again"]

    def with_columns(self, request, rows):
        return rows.defer("message", "context", "text")

    def lookup_allowed(self, lookup, value, request):
        """Show what was mailed to one address, too."""
        return lookup == "to__iexact" or super().lookup_allowed(lookup, value, request)

    def has_view_permission(self, request, obj=None):
        """The list is for those with the right to it, one mail for who may see its reader, too."""
        allowed = super().has_view_permission(request, obj)
        return allowed or bool(obj and may_read(request, obj, of_nobody=False))

    def has_resend_permission(self, request):
        return request.user.has_perm("intranet.change_mail")

    @display(description=gettext_lazy("status"), ordering="status", label=COLOURS)
    def state(self, mail):
        return mail.status, mail.get_status_display()

    @display(description=gettext_lazy("text"))
    def said(self, mail):
        text = words(mail) or _("Not kept.")
        style = "white-space:pre-wrap;overflow-wrap:anywhere"
        return format_html('<div style="{}">{}</div>', style, text)

    def get_fields(self, request, obj=None):
        shown = ["said"] if obj and may_read(request, obj, of_nobody=True) else []
        waits = obj and obj.status == Mail.Status.QUEUED
        return [*self.fields, *(["next_attempt_at"] if waits else []), *shown]

    @asking(gettext_lazy("Send again (failed mails only)"), permission="resend", if_all=True)
    def send_again(self, request, queryset):
        """Queue failed mails as if they were new; the others stay as they are."""
        chosen = queryset.count()
        count = queryset.filter(status=Mail.Status.FAILED).update(
            status=Mail.Status.QUEUED, attempts=0, next_attempt_at=timezone.now(), error=""
        )
        report(
            request,
            count,
            nphrase("%(count)d mail will be sent again.", "%(count)d mails will be sent again."),
            chosen - count,
            nphrase(
                "%(count)d mail had not failed: nothing was done there.",
                "%(count)d mails had not failed: nothing was done there.",
            ),
        )
