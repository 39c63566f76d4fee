"""Bulk actions: asking on a page of their own before, acting on what it showed, and saying so."""

import hashlib
from collections.abc import Callable, Iterable
from functools import partial, wraps

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import model_ngettext
from django.contrib.admin.views.main import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from unfold.decorators import action

from intranet.wording import counted

NAMED = 20  # rows that a page lists by name; it counts them all
OUTDATED = "What this page showed has changed meanwhile. Nothing was done: look again, please."


def ask(
    model_admin,
    request,
    queryset,
    form_class: type[forms.Form],
    title: str,
    button: str,
    consequences: Iterable[str] = (),
    cancel: str = "",
    **shown,
):
    """Return (form, None) once the page's form is valid, else (None, response with the page).

    The action calls this first and returns the response when there is one. `form_class` takes
    Unfold's widgets; the page names how many rows are concerned, lists the first twenty, and says
    what will happen by itself. It carries the fingerprint of all that; where something else would
    be done by now, it asks again. `shown` is what else its template shows.
    """
    consequences = list(consequences)
    keys = sorted(set(queryset.order_by().values_list("pk", flat=True)))
    said = hashlib.sha256(repr((keys, consequences, shown.get("counts"))).encode()).hexdigest()
    confirmed = "post" in request.POST  # as on the deletion pages of Django
    form = form_class(request.POST if confirmed else None)
    if confirmed and request.POST.get("_said", said) != said:
        messages.warning(request, OUTDATED)
    elif form.is_valid() and not shown.get("protected"):
        return form, None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "button": button,
        "form": form,
        "opts": model_admin.opts,
        "media": model_admin.media + form.media,
        "count": len(keys),
        "count_text": f"{len(keys)} {model_ngettext(queryset, len(keys))}",
        "objects": queryset[:NAMED],
        "more": max(len(keys) - NAMED, 0),
        "consequences": consequences,
        "said": said,
        "cancel": cancel or request.get_full_path(),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "is_popup": IS_POPUP_VAR in request.GET,
        **shown,
    }
    return None, TemplateResponse(request, "intranet/ask.html", context)


def asking(
    description: str,
    *,
    says: Callable[[QuerySet], list[str]] = lambda rows: [],
    form: type[forms.Form] = forms.Form,
    initial: Callable[[QuerySet], dict] = lambda rows: {},
    button: str = "",
    icon: str = "",
    permission: str = "change",
    if_all: bool = False,
    fits: Callable[[Model], bool] = lambda row: True,
):
    """Make a method an action that asks first, on a page that says what will happen.

    With `if_all` it asks only when it is run on all pages of the list. It is for the list and,
    under any name in `actions_detail`, for the page of a row that it `fits`. The method gets the
    rows and, by name, what was answered in the form.
    """
    title = description.rstrip("…")

    def decorate(do):
        @action(description=description, permissions=[permission], icon=icon)
        @wraps(do)
        def act(self, request, queryset=None, object_id=""):
            if if_all and queryset is not None and request.POST.get("select_across") != "1":
                return do(self, request, queryset)
            rows = self.one(request, object_id) if object_id else queryset
            back = "../change/" if object_id else ""
            asked = partial(form, initial=initial(rows))
            answered, page = ask(
                self, request, rows, asked, title, button or title, says(rows), back
            )
            if page:
                return page
            do(self, request, rows, **answered.cleaned_data)
            return redirect(back) if back else None

        act.fits = fits
        return act

    return decorate


def ask_to_delete(model_admin, request, queryset, cancel: str = "") -> TemplateResponse | None:
    """Return the page that says what deleting these rows takes along; None once it is confirmed."""
    names, counts, lacking, protected = model_admin.get_deleted_objects(queryset, request)
    if lacking and "post" in request.POST:
        raise PermissionDenied
    ties = [it._meta for it in apps.get_models(include_auto_created=True) if it._meta.auto_created]
    tied = tuple(capfirst(f"{opts.verbose_name}:") for opts in ties)
    for opts in ties:
        counts.pop(opts.verbose_name_plural, None)
    names = [name for name in flat(names) if not name.startswith(tied)]
    _, page = ask(
        model_admin,
        request,
        queryset,
        forms.Form,
        "Delete",
        "Delete",
        model_admin.consequences(request, queryset),
        cancel,
        objects=names[:NAMED],
        more=max(len(names) - NAMED, 0),
        counts=sorted((capfirst(name), count) for name, count in counts.items()),
        lacking=sorted(lacking),
        protected=sorted(map(str, protected)),
        variant="danger",
    )
    return page


def flat(tree: list) -> Iterable[str]:
    """Yield the descriptions in a list that nests them: those chosen, then what goes with them."""
    yield from (str(node) for node in tree if not isinstance(node, list))
    for node in tree:
        if isinstance(node, list):
            yield from flat(node)


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(model_admin, request, queryset):
    """Delete rows, once the page that says what goes with them is confirmed."""
    page = ask_to_delete(model_admin, request, queryset)
    if page is None:
        count = len(queryset)
        model_admin.log_deletions(request, queryset)
        model_admin.delete_queryset(request, queryset)
        report(request, model_admin.opts, count, "deleted")
    return page


admin.site.add_action(delete_selected)


def write_history(request, rows: Iterable, done: str, fields: Iterable[str] = ()) -> None:
    """Write into the history of each row what an action did: to which fields, else in words."""
    message = [{"changed": {"fields": list(fields)}}] if fields else f"{capfirst(done)}."
    LogEntry.objects.log_actions(request.user.pk, rows, CHANGE, change_message=message)


def each(
    model_admin,
    request,
    rows: Iterable[Model],
    change: Callable[[Model], bool],
    done: str,
    allowed: Callable[[Model, Model], bool] = lambda actor, row: True,
    *,
    same: str = "needed no change",
    why: str = "you may not do this to them",
    fields: Iterable[str] = (),
) -> None:
    """Apply `change`, which returns whether it changed anything, to all rows that are `allowed`.

    `allowed` is asked with the signed-in user and the row. It happens to all in one transaction;
    messages count the rows changed ("3 people activated."), those that were the `same` before and
    those left alone, with `why`. The history of each names the `fields` changed, by their labels on
    the page, or says what was `done`.
    """
    changed, unchanged, refused = [], [], []
    with transaction.atomic():
        for row in rows:
            if not allowed(request.user, row):
                refused.append(row)
            else:
                (changed if change(row) else unchanged).append(row)
        write_history(request, changed, done, fields)
    names = model_admin.opts.verbose_name, model_admin.opts.verbose_name_plural
    told = [
        (messages.SUCCESS if changed else messages.INFO, changed, done),
        (messages.INFO, unchanged, same),
        (messages.WARNING, refused, f"left alone: {why}"),
    ]
    for level, rows, sentence in told:
        if rows or sentence == done:
            messages.add_message(request, level, f"{counted(len(rows), *names)} {sentence}.")


def report(request, opts, done: int, sentence: str, left: int = 0, why: str = "") -> None:
    """Say to how many rows an action did something, and how many it left as they are.

    `sentence` and `why` follow a number of rows: "2 mails will be sent again".
    """
    names = opts.verbose_name, opts.verbose_name_plural
    if done or not left:
        messages.success(request, f"{counted(done, *names)} {sentence}.")
    if left:
        messages.warning(request, f"{counted(left, *names)} {why}: nothing was done there.")
