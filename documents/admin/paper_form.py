"""The form of a paper, on its own page and on its owner's."""

from django import forms
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.widgets import UnfoldAdminFileFieldWidget

from intranet.files.uploads import CheckedFileField

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
