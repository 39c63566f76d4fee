"""Forms that show what they do before it is done, and say it afterwards in the same words."""

from collections.abc import Callable
from copy import copy

from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.contrib.messages.storage import default_storage
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from ..tasks.mailing import FOLLOWED
from ..trace.action import Act, batched
from ..trace.plan import Plan, read
from ..trace.rehearsal import RolledBack, rehearse, take_back
from .opened import LOOK, REFUSED

ASK, SAID = "_ask", "_said"  # what a form sends to be shown a plan, and to confirm the one shown
QUESTION = "_question"  # what a form on a page that was made beside carries: the key of its work
SCRIPTED = "X-Rehearse"  # the header of a script that asks, and draws the answer itself
NO_PLAN = 204  # the answer to a script when the form has errors: no fault, nothing for the log


class TakesLong(Exception):
    """Ends what is to be asked or saved of the row that it is called by, for a worker to do."""


def is_question(request) -> bool:
    """Return whether a form that was sent only asks what it would do."""
    return ASK in request.POST or ("action" in request.POST and not request.POST.get(SAID))


def shadow(request):
    """Return a request like this one, for a rehearsal: its session and messages go nowhere."""
    there = copy(request)
    there.session = SessionStore()
    there.session.update(dict(request.session.items()))
    there._messages = CookieStorage(there)  # where Django's messages look for it
    there.user = get_user_model()._default_manager.get(pk=request.user.pk)
    return there


def receipt(act: Act, sentence: str) -> str:
    """Return the message about what an action did, which leads to all of it."""
    url = reverse("admin:intranet_action_change", args=[act.id])
    link = ' <a class="underline" href="{}">{}</a>'
    ways = [(url, _("Everything this did"))]
    followed = act.collected(FOLLOWED, DEFAULT_DB_ALIAS)
    ways += [(work.page, _("How far the mails are")) for work in followed[:1]]
    return format_html("{}.{}", sentence, format_html_join("", link, ways))


def is_saved(response: HttpResponse) -> bool:
    """Return whether a form was saved, and did not come back with errors."""
    closes = "popup_response_data" in (getattr(response, "context_data", None) or {})
    return closes or response.status_code == 302


def saved_as_shown(request, answer: Callable[..., HttpResponse], using: str) -> HttpResponse:
    """Return `answer(request)`, a form's page, if that saves what was shown, or what is harmless.

    Else nothing is saved, and the answer is the page with the plan to be confirmed, which is also
    what a form gets that asks. `answer` takes what else the page shows by name.
    """
    if request.method != "POST" or request.POST.get(REFUSED):
        return answer(request)
    if ASK in request.POST:
        plan = rehearse(lambda: answer(shadow(request)), using)
        if plan.answer is None or is_saved(plan.answer):
            return shown(request, plan, None, answer)
        return fragment(request, None) if SCRIPTED in request.headers else plan.answer
    confirmed = request.POST.get(SAID, "")
    messages, request._messages = get_messages(request), default_storage(request)
    try:
        with batched(using) as act:
            response = answer(request)
            if is_saved(response):
                plan = act.plan = act.plan or read(act, using, [])
                new = plan.since(confirmed) if confirmed else None
                if new is not None or (plan.reasons and not confirmed):
                    raise RolledBack
                act.summarise(plan.said, using)
            return response
    except RolledBack:
        take_back(act)
        act.plan = None
        request._messages = messages  # without what was said of it
        return shown(request, plan, new, answer)


def fragment(request, plan: Plan | None, **context) -> HttpResponse:
    """Return what a script shows of a plan; there is none when the form has errors."""
    if plan is None:
        return HttpResponse(status=NO_PLAN)
    return render(request, "intranet/plan.html", {"plan": plan, **context})


def shown(request, plan: Plan, new: list[str] | None, answer: Callable) -> HttpResponse:
    """Return the form with the plan of what saving it would do."""
    if SCRIPTED in request.headers:
        return fragment(request, plan, reasons=plan.reasons)
    request.POST = request.POST.copy()
    request.POST[REFUSED] = LOOK
    for files in request.FILES.values():
        files.seek(0)
    return answer(request, plan=plan, new=new, reasons=plan.reasons)
