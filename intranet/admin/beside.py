"""What takes long is answered beside the page: what was sent is kept, and a worker answers it.

It is the same request to the same view, by the same person with the rights they have by then. The
one who sent it is led to a page that shows how far it is, and later what became of it.
"""

import json
import re
import zlib
from collections.abc import Iterable
from hashlib import sha256
from io import BytesIO
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import resolve
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.http import parse_header_parameters
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import progress
from ..files.marker import tie_before_upload
from ..languages import speaking
from ..outbox.models import Notice
from ..tasks.models import Work, as_key
from ..tasks.run import end, run
from ..trace.action import Via, batched, begin
from ..trace.phrases import Phrase, Said, phrase, source
from ..wording import labelled
from .once import told, was_carried_out
from .rehearsing import ASK, QUESTION, SAID, SCRIPTED

LONG = 500  # rows from which something is done beside the page
FOLLOW = 5_000  # rows that are changed or written with those, which takes a tenth for each
SENT_TO_HERE = re.compile(rb' x-bind:action="[^"]*"')  # the theme's, of a form that has tabs
State = Work.State


@transaction.atomic
def beside(request, what: Said, *, writes: bool = False, asks: bool = False):
    """Have a worker answer this request and return the way to its page; None if this is it.

    `what` is a phrase that says what it does, `writes` whether for good; one that `asks` is a
    question about it, which is forgotten when it is answered. Who confirms one twice alike, as in
    two windows, is led to what was done the first time; who asks twice, to what is under way.
    """
    if progress.current() or request.FILES:
        return None
    person = get_user_model()._base_manager.select_for_update(no_key=True)
    person.get(pk=request.user.pk)  # for whom one is looked at after the other
    key = as_key(request.POST.get(QUESTION, ""))
    asked = Work.objects.filter(person=request.user, pk=key).select_for_update().first()
    if writes and (page := done_already(request)):
        return page
    sent = what_was_sent(request)
    alike = Work.objects.open().filter(person=request.user, digest=digest_of(sent))
    if not writes and (same := alike.filter(writes=False).first()):
        return redirect(same.page)
    work = Work.objects.create(
        person=request.user,
        said=phrase("What will happen? %(what)s", what=what) if asks else what,
        writes=writes,
        question=key,
        request=zlib.compress(json.dumps([*sent, get_language()]).encode()),
        digest=digest_of(sent),
    )
    if asked:
        forget(asked)
    transaction.on_commit(lambda: run.enqueue(str(work.pk)), robust=True)
    return redirect("admin:intranet_work_change", work.pk)


def what_was_sent(request) -> list[str]:
    form = request.POST.copy()
    form.pop("csrfmiddlewaretoken", None)  # which opens what else the session may do
    return [request.path_info, request.GET.urlencode(), form.urlencode()]


def digest_of(sent: list[str]) -> str:
    return sha256(json.dumps(sent).encode()).hexdigest()


def done_already(request) -> HttpResponseRedirect | None:
    """Return the way to what this question was confirmed as, unless nothing came of that.

    With other answers it is something else, which waits until that is done.
    """
    question, in_vain = request.POST.get(QUESTION, ""), [State.FAILED, State.CANCELLED]
    confirmed = Work.objects.answering(request.user, question).filter(writes=True)
    same = confirmed.filter(digest__in=["", digest_of(what_was_sent(request))])
    if work := same.exclude(state__in=in_vain).first():
        is_done = work.state == State.DONE
        text = _("This was done already.") if is_done else _("This is being done already.")
    elif work := confirmed.open().first():
        text = _("What you confirmed first is being done. What you confirmed now is not.")
    else:
        return None
    messages.info(request, text)
    return redirect(work.page)


def forget(asked: Work) -> None:
    """Let a question go that was answered; what was refused or failed is still to be looked at."""
    Notice.objects.unread().filter(pk=asked.notice).update(read_at=timezone.now())
    if asked.state == State.ASKS:
        asked.delete()


def many_beside(request, rows: Said, title) -> HttpResponse | None:
    """Have a worker answer what is asked or confirmed about many rows."""
    if SCRIPTED in request.headers and not progress.current():
        return unanswered()
    what = phrase("%(action)s: %(rows)s", action=Phrase(source(title)), rows=rows)
    writes = bool(request.POST.get(SAID)) and ASK not in request.POST
    return beside(request, what, writes=writes, asks=not writes)


def unanswered() -> HttpResponse:
    """Return what a script shows instead of a plan that takes long to make."""
    why = _("For so many rows this takes a while. Ask what will happen, and you will be shown.")
    plan = '<div class="plan" data-refused data-long data-says="{0}"><p class="mb-4">{0}</p></div>'
    return HttpResponse(format_html(plan, why))


def answer(work: Work) -> None:
    """Answer what was sent, and keep the answer."""
    request = request_of(work)
    if not admin.site.has_permission(request):
        raise PermissionDenied
    with speaking(request.LANGUAGE_CODE), begin(work.person, Via.PAGE) as act:
        if work.writes:
            with batched():
                keep(work, request, respond(request), act.id)
        else:
            keep(work, request, respond(request), act.id)


def request_of(work: Work) -> WSGIRequest:
    """Return what was sent as it was, but for its session and messages, which go nowhere."""
    path, query, sent, language = json.loads(zlib.decompress(work.request))
    site = urlsplit(settings.SITE_URL)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": site.hostname or "localhost",
            "SERVER_PORT": str(site.port or 443),
            "wsgi.url_scheme": site.scheme,
            "wsgi.input": BytesIO(),
        }
    )
    request.POST, request._files = QueryDict(sent), MultiValueDict()
    request.user, request.LANGUAGE_CODE = work.person, language
    request.session, request._messages = SessionStore(), CookieStorage(request)
    request._dont_enforce_csrf_checks = True  # they were, when it was sent
    request.get_host = lambda: site.netloc or "localhost"  # nobody named another
    return request


def respond(request) -> HttpResponseBase:
    match = request.resolver_match = resolve(request.path_info)
    response = match.func(request, *match.args, **match.kwargs)
    return response.render() if hasattr(response, "render") else response


def keep(work: Work, request, response: HttpResponseBase, action) -> None:
    """End the work with what came of it, a page or a file for whoever has the rights it took."""
    rights = sorted(work.person.get_all_permissions())
    if "Content-Disposition" in response:
        keep_file(work, response, rights=rights)
    elif was_carried_out(response):
        end(work, State.DONE, action=action, messages=told(request))
    elif work.writes:
        why = _("It was refused, or would have done something else than the page showed.")
        error = why_refused(response) or why
        end(work, State.FAILED, answer=packed(response), rights=rights, error=error)
    elif why := why_refused(response):
        said = labelled(State.REFUSED.label, why)
        end(work, State.REFUSED, said, answer=packed(response), rights=rights, error=why)
    else:
        end(work, State.ASKS, answer=packed(response), rights=rights)


def why_refused(response: HttpResponseBase) -> str:
    """Return why a page shows nothing to confirm, as its view says; empty where it does."""
    return (getattr(response, "context_data", None) or {}).get("why_refused", "")


def packed(page: HttpResponseBase) -> bytes:
    """Return a page to be kept, whose form is sent to where it would have been shown."""
    return zlib.compress(SENT_TO_HERE.sub(b"", page.content))


def keep_file(work: Work, response: HttpResponseBase, **values: object) -> None:
    _kind, disposition = parse_header_parameters(response["Content-Disposition"])
    name, kind = disposition["filename"], response["Content-Type"]
    parts: Iterable[bytes] = response if response.streaming else [response.content]
    with TemporaryFile() as file:
        for part in parts:
            file.write(part)
        tie_before_upload(work)
        work.file.save(name, File(file), save=False)
    try:
        sent_as = {"file_name": name, "content_type": kind}
        end(work, State.DONE, file=work.file.name, **sent_as, **values)
    except BaseException:
        work.file.storage.delete(work.file.name)
        raise
