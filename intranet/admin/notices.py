"""The signed-in admin's notices: to read, and to mark as read."""

import nh3
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display
from unfold.widgets import PROSE_CLASSES

from intranet.outbox.models import Notice

from .. import sidebar
from ..locks import aside
from ..trace.models import Action
from ..trace.phrases import nphrase
from .base import ReadOnlyAdmin
from .bulk import asking, report
from .filters import DayRangeFilter

COLOURS = {"unread": "info", "read": ""}  # all of them, else the theme shows the bare key


def note_read(request, notices) -> None:
    """Mark notices as read that somebody looks at, not ones that a browser fetches beforehand."""
    if request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        with aside():
            notices.unread().update(read_at=timezone.now())


def open_notice(request, action):
    """Lead from the mail about a notice to the page that it is about, which is its address."""
    address = request.GET.get("to", "").replace("\0", "")
    notices = Notice.objects.filter(recipient=request.user, action=action, url=address)
    note_read(request, notices)
    notice = notices.first() if address.startswith("/") else None
    if notice and not sidebar.may_open(request.user, address):
        return redirect(sidebar.address(Notice, "change", notice.pk))
    return redirect(address if notice else sidebar.address(Action, "change", action))


class ReadFilter(RadioFilter):
    title = _("read or not")
    parameter_name = "read"

    def lookups(self, request, model_admin):
        return [("no", _("Unread")), ("yes", _("Read"))]

    def queryset(self, request, queryset):
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(read_at__isnull=self.value() == "no")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ["state", "message", "actor", "created_at"]
    list_display_links = ["message"]
    sortable_by = ["state", "created_at"]
    list_filter = [ReadFilter, ("created_at", DayRangeFilter)]
    list_select_related = ["actor"]
    search_fields = ["message", "detail"]
    search_help_text = _("Search in what happened")
    fields = ["message", "rich_detail", "link", "actor", "created_at", "mailed_at", "read_at"]
    readonly_fields = ["rich_detail", "link"]
    actions = ["mark_as_read"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(recipient=request.user)

    def has_module_permission(self, request):
        """Admins, and whoever was told something, such as the head when a member left."""
        told = request.user.has_perm("intranet.receive_notices")
        return told or Notice.objects.filter(recipient=request.user.pk).exists()

    def has_view_permission(self, request, obj=None):
        return self.has_module_permission(request)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if notice := self.get_object(request, unquote(object_id)):
            note_read(request, Notice.objects.filter(pk=notice.pk))
            notice.refresh_from_db(fields=["read_at"])
        return super().change_view(request, object_id, form_url, extra_context)

    @display(description=_("status"), ordering="read_at", label=COLOURS)
    def state(self, notice):
        return ("read", _("read")) if notice.read_at else ("unread", _("unread"))

    @display(description=_("details"))
    def rich_detail(self, notice):
        html = mark_safe(nh3.clean(notice.detail))
        return format_html('<div class="{}">{}</div>', " ".join(PROSE_CLASSES), html)

    @display(description=_("page"))
    def link(self, notice):
        url = notice.url
        if not (url.startswith("/") and sidebar.may_open(notice.recipient, url)):
            return "-"
        return format_html('<a class="text-link" href="{}">{}</a>', url, _("Open the page"))

    @asking(_("Mark as read"), permission="view", icon="done", if_all=True)
    def mark_as_read(self, request, queryset):
        report(
            request,
            queryset.unread().update(read_at=timezone.now()),
            nphrase("%(count)d notice marked as read.", "%(count)d notices marked as read."),
        )
