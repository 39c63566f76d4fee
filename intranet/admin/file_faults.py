"""Files out of order, as the last nightly comparison found them."""

from django.apps import apps
from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from .. import sidebar
from ..files.models import FileFault, in_plain_words
from ..trace.phrases import Phrase
from .base import ReadOnlyAdmin


@admin.register(FileFault)
class FileFaultAdmin(ReadOnlyAdmin):
    list_display = ["name", "what", "row"]
    search_fields = ["name", "fault"]
    search_help_text = gettext_lazy("Search for the stored name of a file")
    fields = ["name", "what", "row", "storage"]
    readonly_fields = ["what", "row"]

    @display(description=gettext_lazy("what is wrong"), ordering="fault")
    def what(self, fault):
        said = str(Phrase(*fault.said)) if fault.said else fault.fault
        return said or _("no row names it")

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
