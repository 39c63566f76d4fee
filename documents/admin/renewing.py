"""Renewing a paper: by its action, or by choosing another file on its form or its owner's page."""

from django import forms
from django.db.models import QuerySet
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import (
    RADIO_CLASSES,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from intranet.admin.bulk import asking, offer_on_delete
from intranet.days import plausible
from intranet.directions import no_turns
from intranet.files.uploads import CheckedFileField
from intranet.sidebar import address
from intranet.trace.action import collect
from intranet.trace.phrases import phrase

from ..models import Document
from ..versions import next_version, renew, step_back

MOST = 7  # papers on their owner's page, where each takes 11 kB
KEEP, DELETE = "keep", "delete"
OLD_PAPER = [
    (KEEP, _("Keep it as a former version")),
    (DELETE, _("Delete it with its file")),
]
FORMER_VERSIONS = [
    (KEEP, _("Keep them: the newest takes the place of the deleted paper")),
    (DELETE, _("Delete them with their files")),
]


class PaperFileWidget(UnfoldAdminFileFieldWidget):
    """Shows the stored paper under its uploader's name; asks what becomes of it with another."""

    template_name = "documents/paper_file_input.html"
    old = KEEP

    def value_from_datadict(self, data, files, name):
        self.old = data.get(f"{name}-old", KEEP)
        return super().value_from_datadict(data, files, name)

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        if widget["is_initial"]:
            widget |= {"current": value, "is_initial": False, "value": None}
            looks = " ".join(RADIO_CLASSES)
            widget |= {"old": self.old, "old_choices": OLD_PAPER, "radio_class": looks}
        return context


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

    @property
    def renews(self) -> bool:
        """Whether another file was chosen, and the old paper is to stay as a former version."""
        is_chosen = self.instance.pk and "file" in self.changed_data
        return bool(is_chosen and self.fields["file"].widget.old != DELETE)


class PaperFormSet(PaginationInlineFormSet):
    """The papers of a person, the newest at least.

    A former version takes the place of one that is deleted.
    """

    def get_queryset(self):
        """Show the newest; whichever of all were shown can be saved."""
        if self.is_bound:
            return super().get_queryset()
        if not hasattr(self, "newest"):
            found = list(super().get_queryset()[: MOST + 1])
            self.newest, self.instance.has_more_papers = found[:MOST], len(found) > MOST
        return self.newest

    def save_existing(self, form, obj, commit=True):
        if form.renews:
            return renew(obj.pk, next_version(form.instance))
        return super().save_existing(form, obj, commit=commit)

    def delete_existing(self, obj, commit=True):
        step_back(Document.objects.filter(pk=obj.pk))
        super().delete_existing(obj, commit=commit)


class RenewForm(forms.Form):
    file = CheckedFileField(label=_("New file"), widget=UnfoldAdminFileFieldWidget)
    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=200,
        validators=[no_turns],
        widget=UnfoldAdminTextInputWidget,
    )
    expires_on = forms.DateField(
        label=_("Valid until"),
        required=False,
        validators=[plausible],
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("Of the new paper. Leave it empty if it does not run out."),
    )
    old = forms.ChoiceField(
        label=_("The old paper"),
        choices=OLD_PAPER,
        initial=KEEP,
        widget=UnfoldAdminRadioSelectWidget,
    )


def titled(papers: QuerySet[Document]) -> dict:
    """Return what the form is filled in with; a new paper has its own end."""
    return papers.values("title").first() or {}


def current(papers: QuerySet[Document]) -> str:
    """Return the address of the paper that counts now."""
    paper = papers.get()
    return address(Document, "change", paper.replaced_by_id or paper.pk)


class Renewal:
    """For the model admin of papers."""

    @asking(
        _("Renew…"),
        form=RenewForm,
        initial=titled,
        icon="autorenew",
        fits=lambda paper: not paper.replaced_by_id,
        leads_to=current,
    )
    def renew_paper(self, request, queryset, old, **entered):
        for paper in queryset:
            for name, value in entered.items():
                setattr(paper, name, value)
            if old == KEEP:
                renew(paper.pk, next_version(paper))
                said = phrase("“%(paper)s” renewed; the old paper is kept", paper=str(paper))
                collect("said", [said])
            else:
                paper.save(update_fields=[*entered])

    def save_form(self, request, form, change):
        paper = super().save_form(request, form, change)
        return next_version(paper) if change and form.renews else paper

    def response_change(self, request, obj):
        """Go on with the new paper, where that is to be changed further."""
        answer = super().response_change(request, obj)
        to_go_on = "_continue" in request.POST
        return redirect(address(Document, "change", obj.pk)) if to_go_on else answer

    def save_model(self, request, obj, form, change):
        if change and obj._state.adding:
            renew(form.instance.pk, obj)
        else:
            super().save_model(request, obj, form, change)


class FormerVersionsForm(forms.Form):
    former_versions = forms.ChoiceField(
        label=_("Former versions"),
        choices=FORMER_VERSIONS,
        initial=KEEP,
        widget=UnfoldAdminRadioSelectWidget,
    )


def have_former_versions(papers: QuerySet[Document]) -> bool:
    chosen = papers.order_by().values("pk")
    return Document.objects.filter(replaced_by__in=chosen).exclude(pk__in=chosen).exists()


def keep_former_versions(papers: QuerySet[Document], former_versions: str) -> None:
    if former_versions == KEEP:
        step_back(papers)


offer_on_delete(Document, have_former_versions, FormerVersionsForm, keep_former_versions)
