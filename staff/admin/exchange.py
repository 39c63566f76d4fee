"""What the pages that import and export people ask, and the file they keep meanwhile."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ConfirmImportForm
from import_export.tmp_storages import BaseStorage
from unfold.contrib.import_export.forms import ImportForm, SelectableFieldsExportForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from intranet import tables
from intranet.admin.beside import LONG
from intranet.files.uploads import clean_name
from intranet.tables.models import keep, kept
from intranet.trace.phrases import nphrase
from intranet.wording import labelled

from ..exchange import COLUMNS, PeopleResource, as_csv, as_workbook, check, is_column

LONG_BYTES = 50_000  # of an Excel file, which has about 500 rows then
TOO_OLD = _lazy("This preview is too old. Choose the file again.")
WELCOME_HELP = _lazy(
    "When ticked, everybody who is new gets the welcome mail as soon as you confirm; "
    "those who can sign in find in it the link to choose a password. "
    "When not ticked, nobody is mailed; you can send the mails later from the people list."
)


class PeopleCSV(CSV):
    pieces = staticmethod(as_csv)
    read_as = ""  # an encoding; empty for what reading finds out

    def is_binary(self):
        return True

    def can_export(self):
        return not self.read_as

    def create_dataset(self, in_stream):
        return check(tables.read_csv(in_stream, self.read_as, is_column))

    def get_read_mode(self):
        return "rb"


class PeopleXLSX(XLSX):
    pieces = staticmethod(as_workbook)

    def create_dataset(self, in_stream):
        return check(tables.read_xlsx(in_stream, is_column))


FORMATS = [
    PeopleCSV,
    PeopleXLSX,
    *(type(PeopleCSV.__name__, (PeopleCSV,), {"read_as": name}) for name in tables.ENCODINGS),
]
TEXT, WORKBOOK = "0", "1"
READ_AS = {TEXT: _lazy("Found out by reading")} | {
    str(number): label for number, label in enumerate(tables.ENCODINGS.values(), 2)
}


def format_of(data: bytes, chosen: str = "") -> str:
    """Return the number of the format, judged by content; among texts, by what was chosen."""
    if tables.is_xlsx(data):
        return WORKBOOK
    return chosen if chosen in READ_AS else TEXT


class KeptFile(BaseStorage):
    """Keeps a previewed file until it is confirmed, for any web process or worker."""

    def save(self, data):
        self.name = keep(data)

    def read(self):
        """Return the bytes. Raises ValidationError for a file that is forged or too old."""
        try:
            return kept(self.name)
        except LookupError as error:
            raise ValidationError(TOO_OLD) from error

    def remove(self):
        """Leave it to the day: somebody else may be about to confirm the same."""


def is_long(data: bytes) -> bool:
    """Return whether a file has so many rows that nobody should wait for them."""
    return not tables.is_other(data) and (len(data) > LONG_BYTES or data.count(b"\n") > LONG)


def encoding_field() -> forms.ChoiceField:
    field = forms.ChoiceField(
        choices=[*READ_AS.items(), (WORKBOOK, "Excel")],
        required=False,
        label=_lazy("Encoding"),
        help_text=_lazy("When letters look wrong, choose another one and read the file again."),
    )
    field.widget = UnfoldAdminSelectWidget(choices=READ_AS.items())
    return field


class UploadForm(ImportForm):
    """Asks for a file, or for another encoding of the file that the page keeps."""

    welcome = forms.BooleanField(
        required=False, label=_lazy("Send welcome mails"), help_text=WELCOME_HELP,
        widget=UnfoldBooleanSwitchWidget,
    )  # fmt: skip
    field_order = ["resource", "import_file", "format", "welcome"]
    kept = None  # the file
    data_format = TEXT

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["format"] = encoding_field()
        file = self.fields["import_file"]
        file.label, file.widget.attrs = _("File"), {"accept": ".csv,.xlsx"}
        file.required = False  # when one is kept
        file.allow_empty_file = True  # refused in better words

    def clean_import_file(self):
        file = self.cleaned_data["import_file"] or self._kept_file()
        if file.size > tables.MAX_BYTES:
            raise ValidationError(tables.too_large(file.size))
        try:
            data = tables.slim(file.read())
        except tables.UnreadableTable as error:
            raise ValidationError(str(error)) from error
        self.kept, self.kept_name = KeptFile(), clean_name(file.name)
        self.kept.save(data)
        self.data_format = format_of(data, self.data.get("format", ""))
        return ContentFile(data, name=file.name)

    def _kept_file(self):
        if not (name := self.data.get("import_file_name")):
            raise ValidationError(self.fields["import_file"].error_messages["required"])
        data = KeptFile(name=name).read()
        return ContentFile(data, name=self.data.get("original_file_name", ""))

    def clean(self):
        return {**super().clean(), "format": self.data_format}

    @property
    def is_text(self):
        return self.data_format != WORKBOOK


class ConfirmForm(ConfirmImportForm):
    format = encoding_field()
    welcome = forms.BooleanField(required=False, widget=forms.HiddenInput)
    data_format = TEXT

    def clean_import_file_name(self):
        name = self.cleaned_data["import_file_name"]
        self.data_format = format_of(KeptFile(name=name).read(), self.data.get("format", ""))
        return name

    def clean(self):
        return {**super().clean(), "format": self.data_format}


class ColumnsForm(SelectableFieldsExportForm):
    """Asks for the format and the columns of an export."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        kind = self.fields["format"]
        kind.initial = WORKBOOK
        kind.choices = [
            (number, {TEXT: "CSV", WORKBOOK: "Excel"}.get(number, label))
            for number, label in kind.choices
        ]
        for name, label in COLUMNS.items():
            self.fields[self.create_boolean_field_name(PeopleResource, name)].label = label


def in_words(form, result=None, **context) -> dict[str, str]:
    """Return what the page says of a file; of none before one was sent."""
    name, why = form.kept and form.kept_name, why_refused(form, result)
    count = result.all_to_do if result and not why else 0
    return {
        "title": labelled(_("Import"), name) if name else _("Import people"),
        "confirm": str(nphrase("Import %(count)s person", "Import %(count)s people", count)),
        "why_refused": why,
    }


def why_refused(form, result=None) -> str:
    """Return in a sentence why a file cannot be imported; empty where it can, or none was sent."""
    if form.errors:
        first = next(iter(form.errors.values()))[0]
        return labelled(_("The file cannot be read"), first)
    if result and result.base_errors:
        return str(result.base_errors[0].error)
    if result and not result.wrong and not result.all_to_do:
        return _("There is nothing to import: everything the file says is so already.")
    if not (result and result.wrong):
        return ""
    row = result.wrong[0]
    column, _value, reason = row.problems[0]
    said = nphrase("%(count)s row is wrong", "%(count)s rows are wrong", len(result.wrong))
    where = _("line %(line)d") % {"line": row.line}
    return labelled(said, f"{where}, {column}", reason)
