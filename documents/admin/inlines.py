"""Papers on the page of the person they belong to."""

from django.contrib import admin
from unfold.admin import TabularInline

from staff.models import User

from ..models import Document
from .paper_form import PaperForm


class DocumentInline(TabularInline):
    model = Document
    form = PaperForm
    fk_name = "owner"
    tab = True
    hide_title = True
    show_change_link = True
    fields = ["kind", "title", "file", "expires_on"]

    def get_extra(self, request, obj=None, **kwargs):
        """Offer one empty line, a CV, for a new person."""
        return 0 if obj else 1


def show_on_people() -> None:
    """Put the papers on the person's page; staff cannot, because it does not know them."""
    people = admin.site.get_model_admin(User)
    people.inlines = [*people.inlines, DocumentInline]
