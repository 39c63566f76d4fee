"""The pages that import and export people."""

from contextlib import suppress

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from import_export.admin import ImportExportMixin

from intranet import progress, tables
from intranet.admin.beside import beside
from intranet.admin.bulk import say
from intranet.admin.rehearsing import ASK, SAID
from intranet.files.uploads import clean_name
from intranet.trace.phrases import counted_rows, phrase
from intranet.trace.rehearsal import perform

from ..exchange import COLUMNS, EXAMPLE, PeopleResource, table
from .exchange import (
    FORMATS,
    TEXT,
    ColumnsForm,
    ConfirmForm,
    KeptFile,
    UploadForm,
    in_words,
    is_long,
)

EXPORTED_AT_ONCE = 20_000  # people
OUTDATED = _lazy(
    "This would do something else than you have seen. Nothing was imported: look again."
)


class PeopleExchange(ImportExportMixin):
    """Import and export of people, joined to their admin."""

    resource_classes = [PeopleResource]
    formats = FORMATS
    import_form_class = UploadForm
    confirm_form_class = ConfirmForm
    export_form_class = ColumnsForm
    import_template_name = "admin/staff/user/import.html"
    export_template_name = "admin/staff/user/export.html"
    tmp_storage_class = KeptFile
    skip_admin_log = True  # signals write the history

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

    def get_export_filename(self, request, queryset, file_format):
        day = timezone.localdate().isoformat()
        return f"{_('people')}-{day}.{file_format.get_extension()}"

    def _do_file_export(self, file_format, request, queryset, export_form=None):
        """Send the file while it is written, so that it is never held as a whole.

        One with many people in it is made beside the page.
        """
        if not self.has_export_permission(request):
            raise PermissionDenied
        rows = queryset.count()
        what = phrase("Export: %(rows)s", rows=counted_rows(self.model, rows))
        if rows > EXPORTED_AT_ONCE and (page := beside(request, what)):
            return page
        progress.expect(rows, doing=phrase("Writing the file"))
        names = self.get_export_resource_fields_from_form(export_form) or COLUMNS
        pieces = file_format.pieces(table(queryset, names))
        name = self.get_export_filename(request, queryset, file_format)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}  # not shown
        kind = file_format.get_content_type()
        return StreamingHttpResponse(pieces, content_type=kind, headers=headers)

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
        if form.data_format == TEXT and not name.endswith((".csv", ".txt")):
            no_table = _(
                "By its name this is no CSV file, and by its contents no Excel (.xlsx) file."
            )
            text = f"{no_table} {e}"
        form.add_error("import_file", text)

    def init_request_context_data(self, request, form):
        context = super().init_request_context_data(request, form)
        return context | {"number": self.get_export_queryset(request).count()}

    def import_example(self, request):
        """Download a file to start from."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        named = {"Content-Disposition": "attachment; filename=people-example.csv"}  # not shown
        return HttpResponse(EXAMPLE.read_bytes(), content_type="text/csv", headers=named)

    def get_import_context_data(self, **kwargs):
        url = reverse("admin:staff_user_import")
        read_again = {"formaction": url, "formnovalidate": True, "name": ASK, "value": 1}
        limits = {"columns": COLUMNS.values(), "max_rows": tables.MAX_ROWS}
        return limits | {"read_again": read_again}

    def import_action(self, request, **kwargs):
        """Show what an import does; of many rows that is found out beside the page."""
        if request.method == "POST" and (page := self.beside(request, asks=True)):
            return page
        page = super().import_action(request, **kwargs)
        page.context_data |= in_words(**page.context_data)
        return page

    def beside(self, request, **how):
        """Have a worker answer a form with a file of many rows; None where this is no such."""
        if progress.current() or not self.has_import_permission(request):
            return None
        if file := request.FILES.get("import_file"):
            name = clean_name(file.name)
            data = file.read() if file.size <= tables.MAX_BYTES else b""
            file.seek(0)
        else:
            name, kept = (request.POST.get(f"{it}_file_name", "") for it in ("original", "import"))
            data = b""
            with suppress(ValidationError):
                data = KeptFile(name=kept).read()
        if not is_long(data):
            return None
        if file:
            stored, request.POST, request._files = KeptFile(), request.POST.copy(), MultiValueDict()
            stored.save(data)
            request.POST["import_file_name"] = stored.name
            request.POST["original_file_name"] = name
        return beside(request, phrase("Import: %(name)s", name=name), **how)

    def process_import(self, request, **kwargs):
        """Import for good, if it does what the preview showed; else show the preview again.

        So does whoever has not looked at what is doubtful.
        """
        if "must_look" in request.POST and "looked" not in request.POST:
            return self.import_action(request, **kwargs)
        if request.method == "POST" and (page := self.beside(request, writes=True)):
            return page
        act, shown = super().process_import, request.POST.get(SAID, "")
        plan, is_done = perform(lambda: act(request, **kwargs), shown)
        if is_done:
            say(request, plan)
        elif plan.answer is None or plan.answer.status_code == 302:
            self.message_user(request, OUTDATED, messages.WARNING)
            page = self.import_action(request, **kwargs)
            page.context_data["new"] = plan.since(shown)
            return page
        return plan.answer

    def add_success_message(self, result, request):
        """Say nothing yet: it may be rolled back."""
