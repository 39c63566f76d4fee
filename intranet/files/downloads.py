"""Handing out files, to whoever the admin would show the row that names them."""

from collections.abc import Iterable

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.db.models.fields.files import FieldFile
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.views.decorators.http import require_safe

from .fields import file_fields, upload_of

SEALED = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Content-Encoding": "identity",  # packed already: compressing it again hides its length
}


@require_safe
def download(request: HttpRequest, name: str) -> HttpResponseBase:
    """Send a stored file as an attachment; missing and forbidden look the same."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if file := _visible_file(request, name):
        return _attachment(file)
    raise Http404


def _visible_file(request: HttpRequest, name: str) -> FieldFile | None:
    """Return the stored file of that name if some admin page would show its row to this user."""
    if not admin.site.has_permission(request) or "\0" in name:
        return None
    for model in filter(admin.site.is_registered, apps.get_models()):
        model_admin = admin.site.get_model_admin(model)
        for field in file_fields(model):
            for row in model_admin.get_queryset(request).filter(**{field.name: name}):
                if model_admin.has_view_permission(request, row):
                    file: FieldFile = getattr(row, field.name)
                    return file
    return None


def _attachment(file: FieldFile) -> HttpResponseBase:
    """Return the response for a file: its content, or where a remote storage signs a link to it."""
    known = [getattr(file.instance, name) for name in upload_of(file.field).sent_as] or ["", ""]
    stored, content_type = file.name or "", known[1] or None
    filename = known[0] or stored.rpartition("/")[2]
    if sign := getattr(file.storage, "download_url", None):
        headers = {"Cache-Control": SEALED["Cache-Control"]}
        return HttpResponseRedirect(sign(stored, filename, content_type), headers=headers)
    try:
        content = file.storage.open(stored)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        content, as_attachment=True, filename=filename, content_type=content_type, headers=SEALED
    )


def streamed(chunks: Iterable[bytes], filename: str, content_type: str) -> StreamingHttpResponse:
    """Return a download that is made while it is sent; `filename` is plain ASCII."""
    disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}  # not shown
    return StreamingHttpResponse(
        chunks, content_type=content_type, headers={**SEALED, **disposition}
    )
