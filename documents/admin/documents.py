"""Papers: everybody's CVs, contracts and the like, on pages of their own."""

from django.contrib import admin
from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RadioFilter
from unfold.decorators import action, display

from intranet import progress
from intranet.admin.base import SiteAdmin
from intranet.admin.beside import LONG, beside
from intranet.admin.filters import DayRangeFilter
from intranet.files.downloads import streamed
from intranet.files.uploads import type_name
from intranet.sidebar import address
from intranet.trace.phrases import counted_rows, phrase

from ..archive import stream_zip
from ..models import Document
from ..papers import SOON
from .renewing import PaperForm, Renewal

LINK = "text-primary-600 dark:text-primary-500"


def file_link(paper: Document) -> str:
    """Return a link to the file under its uploader's name."""
    return format_html(
        '<a href="{}" title="{}" class="{}"><bdi>{}</bdi></a>',
        paper.file.url,
        paper.original_name,
        LINK,
        Truncator(paper.original_name).chars(40),
    )


class VersionFilter(RadioFilter):
    """Hides former versions, unless asked for."""

    title = gettext_lazy("versions")
    parameter_name = "versions"
    all_option = ["", gettext_lazy("Current papers")]

    def lookups(self, request, model_admin):
        return [("former", _("Former versions")), ("all", _("All"))]

    def queryset(self, request, queryset):
        if self.value() == "all":
            return queryset
        return queryset.former() if self.value() == "former" else queryset.current()


class ExpiryFilter(RadioFilter):
    title = gettext_lazy("validity")
    parameter_name = "validity"

    def lookups(self, request, model_admin):
        return [
            ("ended", _("Ended")),
            ("soon", str(phrase("Ends within %(days)d days", days=SOON.days))),
            ("later", _("Ends later")),
            ("none", _("No end")),
        ]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        conditions = {
            "ended": {"expires_on__lt": today},
            "soon": {"expires_on__range": (today, today + SOON)},
            "later": {"expires_on__gt": today + SOON},
            "none": {"expires_on": None},
        }
        return queryset.filter(**conditions.get(self.value(), {}))


@admin.register(Document)
class DocumentAdmin(Renewal, SiteAdmin):
    form = PaperForm
    list_display = [
        "shown_title",
        "owner",
        "shown_kind",
        "shown_file",
        "shown_size",
        "shown_expiry",
        "uploaded_at",
        "uploaded_by",
    ]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ExpiryFilter,
        VersionFilter,
        ("uploaded_at", DayRangeFilter),
    ]
    list_select_related = ["owner", "uploaded_by"]
    search_fields = [
        "title",
        "original_name",
        "owner__first_name",
        "owner__last_name",
        "owner__username",
        "owner__email",
    ]
    search_help_text = gettext_lazy("Title, file name or whose it is")
    readonly_fields = [
        "shown_file",
        "shown_type",
        "shown_size",
        "sha256",
        "uploaded_by",
        "uploaded_at",
        "former_versions",
        "followed_by",
    ]
    autocomplete_fields = ["owner"]
    actions = ["download_zip"]
    actions_detail = ["renew_paper"]

    def get_readonly_fields(self, request, obj=None):
        """Leave a former version as it was."""
        fixed = PaperForm.Meta.fields if obj and obj.replaced_by_id else []
        return [*fixed, *super().get_readonly_fields(request, obj)]

    def get_fieldsets(self, request, obj=None):
        is_former = obj and obj.replaced_by_id
        to_look_at = is_former or (obj and not self.has_change_permission(request, obj))
        file = "shown_file" if to_look_at else "file"
        followed = ["followed_by"] if is_former else []
        paper = (None, {"fields": [*followed, ("owner", "kind"), ("title", "expires_on"), file]})
        if not obj:
            return [paper]
        facts = [("uploaded_by", "uploaded_at"), ("shown_type", "shown_size"), "sha256"]
        former = (_("Former versions"), {"fields": ["former_versions"]})
        return [
            paper,
            *([former] if obj.former_versions.exists() else []),
            (_("The stored file"), {"fields": facts}),
        ]

    def render_change_form(self, request, context, *args, **kwargs):
        if (paper := context.get("original")) and paper.replaced_by_id:
            hidden = ("save", "save_and_continue", "save_and_add_another")
            context |= {f"show_{button}": False for button in hidden}
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=gettext_lazy("Paper"), ordering="title")
    def shown_title(self, paper):
        title = paper.title or Truncator(paper.original_name).chars(60) or "-"
        return _("%(title)s (former version)") % {"title": title} if paper.replaced_by_id else title

    @display(description=gettext_lazy("Kind"), ordering="kind", label=True)
    def shown_kind(self, paper):
        return paper.get_kind_display()

    @display(description=gettext_lazy("File"), ordering="original_name")
    def shown_file(self, paper):
        return file_link(paper)

    @display(description=gettext_lazy("Size"), ordering="size")
    def shown_size(self, paper):
        return filesizeformat(paper.size)

    @display(description=gettext_lazy("Type"))
    def shown_type(self, paper):
        return type_name(paper.content_type)

    @display(
        description=gettext_lazy("Valid until"),
        ordering="expires_on",
        label={"ended": "danger", "soon": "warning"},  # not shown
    )
    def shown_expiry(self, paper):
        if paper.expires_on is None:
            return ""
        today, day = timezone.localdate(), date_format(paper.expires_on)
        if paper.replaced_by_id or paper.expires_on > today + SOON:
            return day
        return "ended" if paper.expires_on < today else "soon", day

    @display(description=gettext_lazy("Former versions"))
    def former_versions(self, paper):
        line = '<li class="mb-2"><a href="{}" class="{}">{}</a>, {}</li>'
        rows = (
            (address(Document, "change", it.pk), LINK, it, about(it))
            for it in paper.former_versions.order_by("-pk")
        )
        return format_html("<ul>{}</ul>", format_html_join("", line, rows))

    @display(description=gettext_lazy("Former version, followed by"))
    def followed_by(self, paper):
        """Lead to the next version, and to the current one where that is another."""
        family = Q(pk=paper.replaced_by_id) | Q(replaced_by=paper.replaced_by_id)
        following = Document.objects.filter(family, pk__gt=paper.pk).order_by("pk").first()
        versions = dict.fromkeys([following or paper.replaced_by, paper.replaced_by])
        rows = (
            (
                address(Document, "change", it.pk),
                LINK,
                it,
                about(it) if it.replaced_by_id else _("the current paper"),
            )
            for it in versions
        )
        return format_html_join(_("; "), '<a href="{}" class="{}">{}</a>, {}', rows)

    @action(description=gettext_lazy("Download as ZIP"), permissions=["view"])
    def download_zip(self, request, queryset):
        count = queryset.count()
        what = phrase("ZIP: %(rows)s", rows=counted_rows(Document, count))
        if count > LONG and (page := beside(request, what)):
            return page
        progress.expect(count, doing=phrase("Writing the file"))
        papers = queryset.select_related("owner").iterator(chunk_size=200)
        allowed = (paper for paper in papers if self.has_view_permission(request, paper))
        return streamed(stream_zip(allowed), "papers.zip", "application/zip")


def about(version: Document) -> str:
    """Return when a version came, how large its file is, and until when it was valid."""
    facts = {
        "day": date_format(timezone.localtime(version.uploaded_at)),
        "size": filesizeformat(version.size),
    }
    if version.expires_on is None:
        return _("uploaded %(day)s, %(size)s") % facts
    facts["end"] = date_format(version.expires_on)
    return _("uploaded %(day)s, valid until %(end)s, %(size)s") % facts
