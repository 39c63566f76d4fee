"""Papers on the page of the person they belong to."""

from django.contrib import admin
from unfold.admin import TabularInline
from unfold.decorators import display

from staff.models import User

from ..models import Document
from .paper_form import PaperForm, file_link


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
