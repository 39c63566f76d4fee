"""The signed-in admin's notices: to read, and to mark as read."""

import nh3
from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display
from unfold.widgets import PROSE_CLASSES

from intranet.outbox.models import Notice

from .base import ReadOnlyAdmin
from .bulk import asking, report
from .filters import DayRangeFilter


def is_unread(notice: Notice) -> bool:
    return notice.read_at is None


class ReadFilter(RadioFilter):
    title = "read or not"
    parameter_name = "read"

    def lookups(self, request, model_admin):
        return [("no", "Unread"), ("yes", "Read")]

    def queryset(self, request, queryset):
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(read_at__isnull=self.value() == "no")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ["state", "message", "actor", "created_at"]
    list_display_links = ["message"]
    list_filter = [ReadFilter, ("created_at", DayRangeFilter)]
    list_select_related = ["actor"]
    search_fields = ["message", "detail"]
    search_help_text = "Search in what happened"
    fields = ["message", "rich_detail", "link", "actor", "created_at", "mailed_at", "read_at"]
    readonly_fields = ["rich_detail", "link"]
    actions = ["mark_as_read"]
    actions_detail = ["mark_one_as_read"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(recipient=request.user)

    def has_module_permission(self, request):
        """Admins, and whoever was told something, such as the head when a member left."""
        told = request.user.has_perm("intranet.receive_notices")
        return told or Notice.objects.filter(recipient=request.user.pk).exists()

    def has_view_permission(self, request, obj=None):
        return self.has_module_permission(request)

    @display(description="status", ordering="read_at", label={"unread": "info"})
    def state(self, notice):
        return ("read", "read") if notice.read_at else ("unread", "unread")

    @display(description="details")
    def rich_detail(self, notice):
        html = mark_safe(nh3.clean(notice.detail))
        return format_html('<div class="{}">{}</div>', " ".join(PROSE_CLASSES), html)

    @display(description="page")
    def link(self, notice):
        if not notice.url.startswith("/"):
            return "-"
        return format_html('<a class="text-link" href="{}">Open the page</a>', notice.url)

    @asking("Mark as read", permission="view", icon="done", if_all=True, fits=is_unread)
    def mark_as_read(self, request, queryset):
        count = queryset.unread().update(read_at=timezone.now())
        report(request, self.opts, count, "marked as read")

    mark_one_as_read = mark_as_read
