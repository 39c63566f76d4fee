"""Bulk actions: asking on a page of their own before, acting on what it showed, and saying so."""

import hashlib
from collections.abc import Callable, Iterable
from functools import wraps

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import model_ngettext
from django.db import connections
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from intranet.wording import counted


def ask(
    model_admin,
    request,
    queryset,
    form_class: type[forms.Form],
    title: str,
    button: str,
    consequences: Iterable[str] = (),
    cancel: str = "",
):
    """Return (form, None) once the page's form is valid, else (None, response with the page).

    The action calls this first and returns the response when there is one. `form_class` takes
    Unfold's widgets; the page names how many rows are concerned, lists the first twenty, and says
    what will happen by itself. Where that is something else by now, it asks again.
    """
    consequences = list(consequences)
    submitted, said = "_asked" in request.POST, fingerprint(consequences)
    form = form_class(request.POST if submitted else None)
    if submitted and request.POST.get("_said", said) != said:
        messages.warning(request, OTHERWISE)
    elif submitted and form.is_valid():
        return form, None
    count = queryset.count()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "button": button,
        "form": form,
        "opts": model_admin.opts,
        "media": model_admin.media + form.media,
        "count": count,
        "count_text": f"{count} {model_ngettext(queryset, count)}",
        "objects": queryset[:20],
        "more": max(count - 20, 0),
        "consequences": consequences,
        "said": said,
        "cancel": cancel or request.get_full_path(),
        "action": request.POST.get("action", ""),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
        "checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return None, TemplateResponse(request, "intranet/ask.html", context)


def fingerprint(rows: list) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()


AGAIN = "has changed since this page was opened. Nothing was done: look again, please."
CHANGED, OTHERWISE = f"The list {AGAIN}", f"What would happen {AGAIN}"


def on_what_was_shown(action: Callable) -> Callable:
    """Return a bulk action that asks again when its page showed other rows than it would take.

    "All pages" is a question that is asked anew on each request, and so is a filtered choice. The
    page carries the fingerprint of its rows (`request.shown`); what bears another is no answer.
    """

    @wraps(action)
    def act(model_admin, request, queryset):
        keys = sorted(set(queryset.order_by().values_list("pk", flat=True)))
        request.shown = fingerprint(keys)
        if request.POST.get("_shown", request.shown) != request.shown:
            request.POST = request.POST.copy()
            for confirmation in ("_asked", "post"):
                request.POST.pop(confirmation, None)
            messages.warning(request, CHANGED)
        if connections[queryset.db].features.max_query_params is None:  # where others may write
            queryset = queryset.filter(pk__in=keys)
        return action(model_admin, request, queryset)

    return act


def asking_for_all(title: str) -> Callable:
    """Decorate a bulk action that needs no page, but for being run on all pages of the list."""

    def decorate(action):
        @wraps(action)
        def act(model_admin, request, queryset):
            if request.POST.get("select_across") == "1":
                _, page = ask(model_admin, request, queryset, forms.Form, title, title)
                if page:
                    return page
            return action(model_admin, request, queryset)

        return act

    return decorate


def record(request, rows: Iterable, done: str, fields: Iterable[str] = ()) -> None:
    """Write into the history of each row what an action did: to which fields, else in words."""
    message = [{"changed": {"fields": list(fields)}}] if fields else f"{capfirst(done)}."
    LogEntry.objects.log_actions(request.user.pk, rows, CHANGE, change_message=message)


def report(request, noun: str, done: int, sentence: str, left: int = 0, why: str = "") -> None:
    """Say to how many rows an action did something, and how many it left as they are.

    `sentence` and `why` follow a number of `noun`: "2 mails will be sent again".
    """
    if done or not left:
        messages.success(request, f"{counted(done, noun)} {sentence}.")
    if left:
        messages.warning(request, f"{counted(left, noun)} {why}: nothing was done there.")
