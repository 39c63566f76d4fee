"""A form that is sent twice, as by a double click, is carried out once and answered twice."""

import hashlib
from datetime import timedelta

from django.contrib.messages import get_messages
from django.db import DatabaseError, router, transaction
from django.http import HttpResponse
from django.utils import timezone

from ..models import SentForm
from ..vetoes import refusal

KEPT = timedelta(days=1)
CHUNK = 1024 * 1024  # bytes


class OnceMiddleware:
    """Answer the repeated form of a signed-in user as the first one was answered.

    Every page carries a CSRF token of its own, so what is the same to the last byte was sent from
    one page. Whoever is second waits until the first is done, on whichever process that is.
    Remembered is what was carried out: forms that came back with errors may be sent again.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method != "POST" or not request.user.is_authenticated:
            return self.get_response(request)
        if "csrfmiddlewaretoken" not in request.POST:
            return self.get_response(request)
        try:
            return self.answer(request, router.db_for_write(SentForm))
        except DatabaseError as error:  # at the commit: the view has said that it was done
            get_messages(request)._queued_messages.clear()
            if answer := refusal(request, error):
                return answer
            raise

    def answer(self, request, using: str) -> HttpResponse:
        with transaction.atomic(using=using):
            form, is_new = SentForm.objects.using(using).get_or_create(key=fingerprint(request))
            return self.carry_out(request, form) if is_new else answer_again(request, form)

    def process_exception(self, request, exception):
        request.was_carried_out = False

    def carry_out(self, request, form: SentForm) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "was_carried_out", True) and says_done(response):
            remember(form, request, response)
        else:
            form.delete()
        return response


def says_done(response: HttpResponse) -> bool:
    """Return whether it leads on to another page, or closes the window that a form opened."""
    closes = "popup_response_data" in (getattr(response, "context_data", None) or {})
    return closes or response.status_code == 302


def fingerprint(request) -> str:
    """Return the SHA-256 of who sends what to where."""
    digest = hashlib.sha256()
    sent = (request.user.pk, request.get_full_path(), sorted(request.POST.lists()))
    digest.update(repr(sent).encode("utf-8", "surrogatepass"))
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode("utf-8", "surrogatepass"))
            for chunk in file.chunks(CHUNK):
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()


def remember(form: SentForm, request, response: HttpResponse) -> None:
    form.status = response.status_code
    form.location = response.get("Location", "")
    form.content = response.content.decode()
    form.messages = list(get_messages(request)._queued_messages)
    form.save()
    old = SentForm.objects.using(form._state.db).filter(at__lt=timezone.now() - KEPT)
    transaction.on_commit(old.delete, using=form._state.db, robust=True)


def answer_again(request, form: SentForm) -> HttpResponse:
    told = get_messages(request)
    waiting = {str(message) for message in told._loaded_messages}
    for message in form.messages:
        if str(message) not in waiting:
            told.add(message.level, message.message, message.extra_tags)
    headers = {"Location": form.location} if form.location else {}
    return HttpResponse(form.content, status=form.status, headers=headers)
