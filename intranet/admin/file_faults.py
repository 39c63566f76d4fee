"""Files out of order, as the last nightly comparison found them."""

from django.apps import apps
from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from .. import sidebar
from ..files.models import FileFault, in_plain_words
from ..files.sweep import ask_for_removal_of
from ..trace.phrases import Phrase
from .base import ReadOnlyAdmin
from .bulk import asking, each

REPAIR = gettext_lazy(
    "A file that is missing or damaged: choose it anew on the page it belongs to, or have it "
    "brought back from a backup."
)
REMOVE = gettext_lazy(
    "A file that no row names is of no use, unless an older backup was restored: then it was "
    "uploaded since, so keep it. Tick what is to go, and choose “Remove…”."
)
NOT_REMOVE = gettext_lazy("Files that no row names are removed by an admin with all rights.")


def remove_stray(fault: FileFault) -> bool:
    if not fault.source:
        ask_for_removal_of([fault])
    return not fault.source


@admin.register(FileFault)
class FileFaultAdmin(ReadOnlyAdmin):
    list_before_template = "intranet/what_to_do.html"
    list_display = ["name", "what", "row", "shown_size", "stored_at"]
    search_fields = ["name", "fault"]
    search_help_text = gettext_lazy("Search for the stored name of a file")
    fields = ["name", "what", "row", ("shown_size", "stored_at"), "storage"]
    readonly_fields = ["what", "row", "shown_size"]
    actions = ["remove"]
    actions_detail = ["remove_file"]

    def has_remove_permission(self, request, object_id=None):
        return request.user.has_perm("intranet.delete_filefault")

    def changelist_view(self, request, extra_context=None):
        lines = [REPAIR, REMOVE if self.has_remove_permission(request) else NOT_REMOVE]
        return super().changelist_view(request, {"what_to_do": lines} | (extra_context or {}))

    @display(description=gettext_lazy("what is wrong"), ordering="fault")
    def what(self, fault):
        said = str(Phrase(*fault.said)) if fault.said else fault.fault
        return said or _("no row names it")

    @display(description=gettext_lazy("size"), ordering="size")
    def shown_size(self, fault):
        return "-" if fault.size is None else filesizeformat(fault.size)

    @display(description=gettext_lazy("whose it is"), ordering="source")
    def row(self, fault):
        """Lead to the row; it may have gone since."""
        if not fault.source:
            return "-"
        words = in_plain_words(fault.source)
        try:
            model = apps.get_model(fault.source.rpartition(".")[0])
        except (LookupError, ValueError):  # of a model that is no more
            return words
        if not admin.site.is_registered(model):
            return words
        url = sidebar.address(model, "change", fault.row_key)
        return format_html('<a class="text-link" href="{}">{}</a>', url, words)

    @asking(
        gettext_lazy("Remove…"),
        permission="remove",
        icon="delete",
        fits=lambda fault: not fault.source,
        leads_to=lambda rows: "../../",
    )
    def remove(self, request, queryset):
        """Have files removed that no row names, which is asked again before they go."""
        each(request, queryset, remove_stray, same=_("a row names it"))

    remove_file = remove
