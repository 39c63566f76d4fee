"""The pages that import and export people."""

import zlib

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ConfirmImportForm
from import_export.results import RowResult
from import_export.tmp_storages import BaseStorage
from unfold.contrib.import_export.forms import ImportForm, SelectableFieldsExportForm
from unfold.widgets import UnfoldBooleanSwitchWidget

from intranet import tables

from ..exchange import COLUMNS, PeopleResource, check, example
from ..models import Department
from ..roles import can_grant
from .each import people

NEW, UPDATE = RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE
CONFIRM_WITHIN = 60 * 60  # seconds
WELCOME_HELP = (
    "When ticked, everybody who is new gets the welcome mail as soon as you confirm; "
    "those who can sign in find in it the link to choose a password. "
    "When not ticked, nobody is mailed; you can send the mails later from the people list."
)


class PeopleCSV(CSV):
    def is_binary(self):
        return True  # the encoding is found out by reading

    def create_dataset(self, in_stream):
        return check(tables.read_csv(in_stream))

    def get_read_mode(self):
        return "rb"


class PeopleXLSX(XLSX):
    def create_dataset(self, in_stream):
        return check(tables.read_xlsx(in_stream))


FORMATS = [PeopleCSV, PeopleXLSX]


def format_of(data: bytes) -> str:
    """Return the number of the format, judged by content: names and choices may be wrong."""
    return str(FORMATS.index(PeopleXLSX if tables.is_xlsx(data) else PeopleCSV))


class Bytes:
    """Lets bytes be signed as they are."""

    def dumps(self, data):
        return data

    def loads(self, data):
        return data


class SignedFile(BaseStorage):
    """Keeps a previewed file in the page itself, signed, until it is confirmed.

    So the rehearsal leaves nothing behind, and any web process can do the import.
    """

    salt = "staff.import"

    def save(self, data):
        self.name = signing.dumps(data, salt=self.salt, serializer=Bytes, compress=True)

    def read(self):
        return signing.loads(self.name, salt=self.salt, serializer=Bytes, max_age=CONFIRM_WITHIN)

    def remove(self):
        pass


class WelcomeForm(forms.Form):
    welcome = forms.BooleanField(
        required=False, label="Send welcome mails", help_text=WELCOME_HELP,
        widget=UnfoldBooleanSwitchWidget,
    )  # fmt: skip


class UploadForm(WelcomeForm, ImportForm):
    field_order = ["resource", "import_file", "welcome"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["format"].required = False
        self.fields["format"].widget = forms.HiddenInput()
        self.fields["import_file"].label = "File"
        self.fields["import_file"].widget.attrs = {"accept": ".csv,.xlsx"}
        self.fields["import_file"].allow_empty_file = True  # refused in better words

    def clean_import_file(self):
        file = self.cleaned_data["import_file"]
        if file.size > tables.MAX_BYTES:
            raise ValidationError(tables.too_large(file.size))
        self.data_format = format_of(file.read(4))
        file.seek(0)
        return file

    def clean(self):
        return {**super().clean(), "format": getattr(self, "data_format", "0")}


class ConfirmForm(ConfirmImportForm):
    welcome = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["format"].required = False

    def clean_import_file_name(self):
        try:
            data = SignedFile(name=self.cleaned_data["import_file_name"]).read()
        except (signing.BadSignature, zlib.error) as error:
            raise ValidationError("This preview is too old. Choose the file again.") from error
        self.data_format = format_of(data)
        return self.cleaned_data["import_file_name"]

    def clean(self):
        return {**super().clean(), "format": getattr(self, "data_format", "0")}


class ColumnsForm(SelectableFieldsExportForm):
    """Asks for the format and the columns of an export."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in COLUMNS.items():
            self.fields[self.create_boolean_field_name(PeopleResource, name)].label = label


class PeopleExchange(ImportExportMixin):
    """Import and export of people, joined to their admin."""

    resource_classes = [PeopleResource]
    formats = FORMATS
    import_form_class = UploadForm
    confirm_form_class = ConfirmForm
    export_form_class = ColumnsForm
    import_template_name = "admin/staff/user/import.html"
    tmp_storage_class = SignedFile
    to_encoding = "utf-8-sig"  # tells Excel what it is

    def get_urls(self):
        example = self.admin_site.admin_view(self.import_example)
        own = path("import/example/", example, name="staff_user_import_example")
        return [own, *super().get_urls()]

    def has_import_permission(self, request):
        """An import adds and changes accounts and profiles: all four rights are needed."""
        rights = [f"staff.{do}_{what}" for do in ("add", "change") for what in ("user", "profile")]
        return super().has_import_permission(request) and request.user.has_perms(rights)

    def has_export_permission(self, request):
        """An export shows accounts and profiles."""
        rights = ("staff.view_profile", "staff.change_profile")
        return super().has_export_permission(request) and any(map(request.user.has_perm, rights))

    def get_export_queryset(self, request):
        joins = ("profile__department", "profile__manager")
        return super().get_export_queryset(request).select_related(*joins)

    def get_import_resource_kwargs(self, request, form=None, **kwargs):
        chosen = getattr(form, "cleaned_data", {})
        return {"actor": request.user, "welcome": chosen.get("welcome", False)}

    def get_confirm_form_initial(self, request, import_form):
        initial = super().get_confirm_form_initial(request, import_form)
        return initial | {"welcome": import_form and import_form.cleaned_data["welcome"]}

    def add_data_read_fail_error_to_form(self, form, e):
        if not isinstance(e, tables.UnreadableTable):
            raise e
        text, name = str(e), form.cleaned_data["import_file"].name.lower()
        if FORMATS[int(form.data_format)] is PeopleCSV and not name.endswith((".csv", ".txt")):
            text = (
                f"By its name this is no CSV file, and by its contents no Excel (.xlsx) file. {e}"
            )
        form.add_error("import_file", text)

    def import_example(self, request):
        """Download a file to start from."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        header, *rows = example(self.example_department(request.user))
        table = tables.Table(*rows, headers=header)
        response = HttpResponse(table.export("csv").encode("utf-8-sig"), content_type="text/csv")
        response["Content-Disposition"] = 'attachment; filename="people-example.csv"'
        return response

    def example_department(self, user) -> str:
        """Return the name of a department into which `user` may put people; empty without any."""
        departments = Department.objects.order_by("name").prefetch_related("groups")
        return next((str(it) for it in departments if can_grant(user, it.groups.all())), "")

    def get_import_context_data(self, **kwargs):
        return {"columns": COLUMNS.values(), "max_rows": f"{tables.MAX_ROWS:,}"}

    @transaction.atomic
    def process_import(self, request, **kwargs):
        """Import for good what was previewed; the history is written in the same transaction."""
        return super().process_import(request, **kwargs)

    def process_result(self, result, request):
        """Show the preview again when something got in between and nothing was written."""
        if not result.has_errors() and not result.has_validation_errors():
            return super().process_result(result, request)
        context = self.admin_site.each_context(request) | self.get_import_context_data()
        context |= {
            "title": "Import people",
            "opts": self.opts,
            "result": result,
            "form": self.get_import_form_class(request)(FORMATS, self.resource_classes),
        }
        return TemplateResponse(request, self.import_template_name, context)

    def generate_log_entries(self, result, request):
        for import_type, flag in ((NEW, ADDITION), (UPDATE, CHANGE)):
            rows = [row.instance for row in result if row.import_type == import_type]
            LogEntry.objects.log_actions(
                request.user.pk, rows, flag, change_message="Imported from a file."
            )

    def add_success_message(self, result, request):
        new, changed = result.totals[NEW], result.totals[UPDATE]
        effects = " ".join(result.effects.sentences())
        text = f"{people(new)} added, {people(changed)} changed. {effects}"
        self.message_user(request, text, messages.SUCCESS)
