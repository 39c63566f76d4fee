"""Papers: everybody's CVs, contracts and the like, on pages of their own and their owners'."""

from django import forms
from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RadioFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from intranet.admin.base import SiteAdmin
from intranet.admin.filters import DayRangeFilter
from intranet.files.downloads import streamed
from intranet.files.uploads import CheckedFileField, type_name
from staff.models import User

from ..archive import stream_zip
from ..models import Document
from ..papers import SOON


class PaperFileWidget(UnfoldAdminFileFieldWidget):
    """A file input that shows the stored paper under its uploader's name."""

    template_name = "documents/paper_file_input.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        if widget["is_initial"]:
            widget |= {"current": value, "is_initial": False, "value": None}
        return context


def file_link(paper: Document) -> str:
    """Return a link to the file under its uploader's name."""
    return format_html(
        '<a href="{}" title="{}" class="text-primary-600 dark:text-primary-500"><bdi>{}</bdi></a>',
        paper.file.url,
        paper.original_name,
        Truncator(paper.original_name).chars(40),
    )


class PaperForm(forms.ModelForm):
    class Meta:
        model = Document
        fields = ["owner", "kind", "title", "file", "expires_on"]
        field_classes = {"file": CheckedFileField}
        widgets = {"file": PaperFileWidget}

    @property
    def file_name(self) -> str:
        """What people call the stored file."""
        return self.instance.original_name


class ExpiryFilter(RadioFilter):
    title = "validity"
    parameter_name = "validity"

    def lookups(self, request, model_admin):
        return [
            ("ended", "Ended"),
            ("soon", f"Ends within {SOON.days} days"),
            ("later", "Ends later"),
            ("none", "No end"),
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
class DocumentAdmin(SiteAdmin):
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
    list_filter = [("kind", ChoicesDropdownFilter), ExpiryFilter, ("uploaded_at", DayRangeFilter)]
    list_select_related = ["owner", "uploaded_by"]
    search_fields = [
        "title",
        "original_name",
        "owner__first_name",
        "owner__last_name",
        "owner__username",
        "owner__email",
    ]
    search_help_text = "Title, file name or whose it is"
    readonly_fields = [
        "shown_file",
        "shown_type",
        "shown_size",
        "sha256",
        "uploaded_by",
        "uploaded_at",
    ]
    autocomplete_fields = ["owner"]
    actions = ["download_zip"]

    def get_fieldsets(self, request, obj=None):
        to_look_at = obj and not self.has_change_permission(request, obj)
        file = "shown_file" if to_look_at else "file"
        paper = (None, {"fields": [("owner", "kind"), ("title", "expires_on"), file]})
        facts = [("uploaded_by", "uploaded_at"), ("shown_type", "shown_size"), "sha256"]
        return [paper, ("The stored file", {"fields": facts})] if obj else [paper]

    @display(description="Paper", ordering="title")
    def shown_title(self, paper):
        return paper.title or Truncator(paper.original_name).chars(60) or "-"

    @display(description="Kind", ordering="kind", label=True)
    def shown_kind(self, paper):
        return paper.get_kind_display()

    @display(description="File", ordering="original_name")
    def shown_file(self, paper):
        return file_link(paper)

    @display(description="Size", ordering="size")
    def shown_size(self, paper):
        return filesizeformat(paper.size)

    @display(description="Type")
    def shown_type(self, paper):
        return type_name(paper.content_type)

    @display(
        description="Valid until",
        ordering="expires_on",
        label={"ended": "danger", "soon": "warning"},
    )
    def shown_expiry(self, paper):
        if paper.expires_on is None:
            return ""
        today, day = timezone.localdate(), date_format(paper.expires_on)
        if paper.expires_on > today + SOON:
            return day
        return "ended" if paper.expires_on < today else "soon", day

    @action(description="Download as ZIP", permissions=["view"])
    def download_zip(self, request, queryset):
        papers = queryset.select_related("owner").iterator(chunk_size=200)
        allowed = (paper for paper in papers if self.has_view_permission(request, paper))
        return streamed(stream_zip(allowed), "papers.zip", "application/zip")


class DocumentInline(TabularInline):
    model = Document
    form = PaperForm
    fk_name = "owner"
    tab = True
    hide_title = True
    readonly_fields = ["shown_file"]

    def get_fields(self, request, obj=None):
        may_upload = self.has_change_permission(request, obj) or self.has_add_permission(
            request, obj
        )
        return ["kind", "title", "file" if may_upload else "shown_file", "expires_on"]

    def get_extra(self, request, obj=None, **kwargs):
        """Offer one empty line, a CV, for a new person."""
        return 0 if obj else 1

    @display(description="File")
    def shown_file(self, paper):
        return file_link(paper)


def show_on_people() -> None:
    """Put the papers on the person's page; staff cannot, because it does not know them."""
    people = admin.site.get_model_admin(User)
    people.inlines = [*people.inlines, DocumentInline]
