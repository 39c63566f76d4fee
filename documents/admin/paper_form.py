"""The form of a paper, on its own page and on its owner's."""

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget

from intranet.uploads import CheckedFileField

from ..models import Document


class PaperFileWidget(UnfoldAdminFileFieldWidget):
    """A file input that shows the stored paper under its uploader's name."""

    template_name = "documents/paper_file_input.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        if widget["is_initial"]:
            widget |= {"current": value, "is_initial": False, "value": None}
        return context


class PaperForm(forms.ModelForm):
    class Meta:
        model = Document
        fields = ["owner", "kind", "title", "file", "expires_on"]
        field_classes = {"file": CheckedFileField}
        widgets = {"file": PaperFileWidget}
