"""What the pages of people show of their papers; staff cannot, because it does not know them."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from intranet.sidebar import list_url
from intranet.trace.phrases import phrase
from staff.admin import head
from staff.models import User

from ..models import Document
from ..requirements import lacking, missing
from .documents import file_link
from .renewing import MOST, PaperForm, PaperFormSet


class DocumentInline(TabularInline):
    model = Document
    form = PaperForm
    formset = PaperFormSet
    template = "documents/papers.html"
    fk_name = "owner"
    tab = True
    hide_title = True
    add_text = _("Add another paper")
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


@display(description=_("Lacks"))
def lacks(user):
    """Name the kinds of papers; on a phone there is no heading that would say that they lack."""
    kinds = ", ".join(user.missing_papers)
    return kinds and format_html('<span class="hidden lg:block">{}</span>', kinds)


def read_missing(people) -> None:
    found = missing(people)
    for user in people:
        user.missing_papers = found[user.pk]


lacks.permission, lacks.prepare = "documents.view_document", read_missing


class LacksFilter(RadioFilter):
    """Finds who lacks a required paper; for those who may see papers."""

    title = _("lacks")
    parameter_name = "lacks"

    def lookups(self, request, model_admin):
        may_see = request.user.has_perm(lacks.permission)
        return [("any", _("Any required paper")), *Document.Kind.choices] if may_see else []

    def queryset(self, request, queryset):
        if self.value() not in dict(self.lookup_choices):
            return queryset
        return lacking(queryset, "" if self.value() == "any" else self.value())


def say_what_is_missing(request, user):
    """Return the sentence about the papers that somebody lacks, for those who may see papers."""
    if request.user.has_perm(lacks.permission) and (kinds := missing([user])[user.pk]):
        yield gettext("Lacks required papers: %(kinds)s.") % {"kinds": ", ".join(kinds)}


def say_that_there_are_more(request, user):
    """Return the sentence that not all papers of somebody are on the page, if so."""
    if getattr(user, "has_more_papers", False):
        yield str(
            phrase(
                "The %(count)d newest papers are on this page, all of them under “Papers”.",
                count=MOST,
            )
        )


def lead_to_papers(request, user):
    """Return the way to the papers of somebody, where they are renewed and former ones found."""
    if papers := list_url(request, Document):
        query = urlencode({"owner__id__exact": user.pk})
        yield head.Link(gettext("Papers"), f"{papers}?{query}")


def show_on_people() -> None:
    """Put the papers on the pages of people, and who lacks some."""
    people = admin.site.get_model_admin(User)
    people.inlines = [*people.inlines, DocumentInline]
    people.list_display = [*people.list_display, lacks]
    people.list_filter = [*people.list_filter, LacksFilter]
    head.steps += [say_what_is_missing, say_that_there_are_more]
    head.ways.append(lead_to_papers)
