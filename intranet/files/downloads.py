"""Handing out files, to whoever the admin would show the row that names them."""

from collections.abc import Iterable

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.db.models import FileField
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
    file = visible_file(request, name)
    if file is None:
        raise Http404
    return attachment(file)


def visible_file(request: HttpRequest, name: str) -> FieldFile | None:
    """Return the stored file of that name if some admin page would show its row to this user."""
    if not admin.site.has_permission(request) or "\0" in name:
        return None
    for model, model_admin in admin.site._registry.items():
        fields = [field for field in model._meta.concrete_fields if isinstance(field, FileField)]
        for field in fields:
            for row in model_admin.get_queryset(request).filter(**{field.name: name}):
                if model_admin.has_view_permission(request, row):
                    file: FieldFile = getattr(row, field.name)
                    return file
    return None


def attachment(file: FieldFile) -> HttpResponseBase:
    """Return the response for a file: its content, or where a remote storage signs a link to it.

    A storage signs with `download_url(name, filename, content_type)`, if it has that method.
    """
    stored = file.name or ""
    filename = getattr(file.instance, "original_name", "") or stored.rpartition("/")[2]
    content_type = getattr(file.instance, "content_type", "") or None
    if sign := getattr(file.storage, "download_url", None):
        response = HttpResponseRedirect(sign(stored, filename, content_type))
        response["Cache-Control"] = SEALED["Cache-Control"]
        return response
    try:
        content = file.storage.open(stored)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        content, as_attachment=True, filename=filename, content_type=content_type, headers=SEALED
    )


def streamed(chunks: Iterable[bytes], filename: str, content_type: str) -> StreamingHttpResponse:
    """Return a download that is made while it is sent; `filename` is plain ASCII."""
    disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingHttpResponse(
        chunks, content_type=content_type, headers={**SEALED, **disposition}
    )
