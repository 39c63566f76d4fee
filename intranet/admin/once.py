"""A form that is sent twice, as by a double click, is carried out once and answered twice."""

import hashlib
import logging
from datetime import timedelta

from django.contrib import messages
from django.contrib.messages import get_messages
from django.db import DatabaseError, router, transaction
from django.http import HttpResponse
from django.urls import resolve
from django.utils import timezone

from ..locks import AT_ONCE, is_busy, waiting
from ..models import SentForm
from ..trace.action import batched
from ..vetoes import BUSY, Refusal, answer_to
from .opened import LOOK, REFUSED
from .rehearsing import ASK, QUESTION, SAID, is_question, is_saved

logger = logging.getLogger(__name__)
KEPT = timedelta(days=1)


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
        if "csrfmiddlewaretoken" not in request.POST or is_question(request):
            return self.get_response(request)
        using = router.db_for_write(SentForm)
        try:
            with batched(using):
                form, is_new = SentForm.objects.using(using).get_or_create(key=fingerprint(request))
                return self.carry_out(request, form) if is_new else answer_again(request, form)
        except DatabaseError as error:  # at the commit: the view has said that it was done
            list(get_messages(request))  # what was read is not shown
            if is_busy(error) and ask_anew(request):
                logger.warning("a form could not be saved: the database is locked")
                with waiting(AT_ONCE, using):
                    return self.get_response(request)
            if answer := answer_to(request, error):
                return answer
            raise

    def carry_out(self, request, form: SentForm) -> HttpResponse:
        response = self.get_response(request)
        if was_carried_out(response):
            keep_answer(form, request, response)
        else:
            form.delete()
        return response


def ask_anew(request, why=BUSY) -> bool:
    """Have the page of a form show it with what was typed; False for what has no such page."""
    request.POST = request.POST.copy()
    if resolve(request.path_info).func.__name__ in ("add_view", "change_view"):
        request.POST[REFUSED] = LOOK
    elif {"post", SAID} <= request.POST.keys() and QUESTION not in request.POST:
        request.POST[ASK] = "yes"
    else:
        return False
    messages.error(request, why)
    return True


def was_carried_out(response: HttpResponse) -> bool:
    """Return whether a form was saved, and not refused by a veto or a collision."""
    return is_saved(response) and not isinstance(response, Refusal)


def fingerprint(request) -> str:
    """Return the SHA-256 of who sends what to where."""
    digest = hashlib.sha256()
    sent = (request.user.pk, request.get_full_path(), sorted(request.POST.lists()))
    digest.update(repr(sent).encode("utf-8", "surrogatepass"))
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode("utf-8", "surrogatepass"))
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()


def told(request) -> list:
    """Return the messages that wait for the next page, which still gets them."""
    storage = get_messages(request)
    found, storage.used = list(storage), False
    return found


def keep_answer(form: SentForm, request, response: HttpResponse) -> None:
    form.status, form.content = response.status_code, response.content.decode()
    form.location = response.get("Location", "")
    form.messages = told(request)
    form.save()
    old = SentForm.objects.using(form._state.db).filter(at__lt=timezone.now() - KEPT)
    transaction.on_commit(old.delete, using=form._state.db, robust=True)


def answer_again(request, form: SentForm) -> HttpResponse:
    waiting = set(map(str, told(request)))
    for message in form.messages:
        if str(message) not in waiting:
            messages.add_message(request, message.level, message.message, message.extra_tags)
    headers = {"Location": form.location} if form.location else {}
    return HttpResponse(form.content, status=form.status, headers=headers)
