"""What the pages of people show of their papers; staff cannot, because it does not know them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from staff.models import User

from ..models import Document
from .documents import file_link
from .renewing import PaperForm, PaperFormSet


class DocumentInline(TabularInline):
    model = Document
    form = PaperForm
    formset = PaperFormSet
    fk_name = "owner"
    tab = True
    hide_title = True
    show_change_link = True
    readonly_fields = ["shown_file"]

    def get_queryset(self, request):
        return super().get_queryset(request).current()

    def get_fields(self, request, obj=None):
        may_upload = self.has_change_permission(request, obj) or self.has_add_permission(
            request, obj
        )
        return ["kind", "title", "file" if may_upload else "shown_file", "expires_on"]

    def get_extra(self, request, obj=None, **kwargs):
        """Offer one empty line, a CV, for a new person."""
        return 0 if obj else 1

    @display(description=_("File"))
    def shown_file(self, paper):
        return file_link(paper)


def show_on_people() -> None:
    """Put the papers on the person's page."""
    people = admin.site.get_model_admin(User)
    people.inlines = [*people.inlines, DocumentInline]
