"""Bulk actions: asking on a page of their own that shows the action itself, run and rolled back.

What is confirmed is what happens: should it do anything else by then, it is asked about again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import IS_POPUP_VAR
from django.contrib.messages.storage import default_storage
from django.core import signing
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.decorators import action

from intranet import progress
from intranet.sidebar import address
from intranet.trace import changes
from intranet.trace.action import collect, current
from intranet.trace.phrases import Phrase, Said, nphrase
from intranet.trace.plan import CHOSEN, Plan
from intranet.trace.rehearsal import perform, rehearse
from intranet.trace.telling import named
from intranet.trace.wording import model_of
from intranet.vetoes import Veto
from intranet.wording import counted

from .beside import FOLLOW, LONG, done_already, many_beside
from .rehearsing import ASK, SCRIPTED, fragment, receipt, shadow

NAMED = 20  # rows that a page lists by name; it counts them all
MANY = 200  # rows whose rehearsal takes a while
KEYS = "_keys"  # the hidden field with the primary keys of all rows that were chosen, packed
OUTDATED = _lazy(
    "This would do something else than the page showed: you, or somebody else meanwhile, changed "
    "something. Nothing was done: look again, please."
)


def ask(
    model_admin,
    request,
    rows: QuerySet,
    do: Callable,
    title: str = "",
    *,
    form_class: Callable = forms.Form,
    cancel: str = "",
    variant: str = "primary",
    says_itself: bool = False,
    follow: Callable[[QuerySet], int] = lambda rows: 0,
) -> HttpResponse | None:
    """Return the page that shows what `do(request, rows, **answers)` does; None once it is done.

    It is done when the page was confirmed, if it is what the page showed. `form_class` takes
    Unfold's widgets; what was answered is given to `do` by name. The page shows what the answers
    do as soon as they are complete. The history begins with the title, unless it `says_itself`.
    """
    confirmed = "post" in request.POST  # as on the deletion pages of Django
    form = form_class(request.POST, request.FILES) if confirmed else form_class()
    answered = form if confirmed else form_class({it.html_name: it.value() for it in form})
    plan, new, shown = None, None, request.POST.get("_said", "")
    confirms = confirmed and shown and ASK not in request.POST
    if confirms and not progress.current() and (page := done_already(request)):
        return page
    keys = sorted(set(rows.order_by().values_list("pk", flat=True)))
    touched = model_admin.rows_touched(rows, len(keys))
    if not progress.current() and answered.is_valid() and (touched > LONG or follow(rows) > FOLLOW):
        called = _lazy("Delete") if variant == "danger" else title
        if page := many_beside(request, model_admin.words_for(rows, len(keys)), called):
            return page

    def act(there):
        collect(CHOSEN, keys, rows.db)
        progress.expect(
            len(keys) * (touched == len(keys)), rows.model if variant == "danger" else None
        )
        do(there, rows.all(), **answered.cleaned_data)

    if answered.is_valid():
        if confirms:
            said, request._messages = messages.get_messages(request), default_storage(request)
            says_itself |= variant == "danger"
            called = "" if says_itself else title  # in the history, in any language
            plan, is_done = perform(partial(act, request), shown, rows.db, called)
            if is_done:
                say(request, plan)
                return None
            request._messages = said  # without what was said of it
            new = plan.since(shown)
            messages.warning(request, OUTDATED)
        else:
            plan = rehearse(partial(act, shadow(request)), rows.db, many=len(keys) > MANY)
    if SCRIPTED in request.headers:
        return fragment(request, plan)
    chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
    opts = model_admin.opts
    what = counted(len(keys), opts.verbose_name, opts.verbose_name_plural)
    if variant == "danger":
        title = heading = _("Delete %(rows)s") % {"rows": what}
    else:
        title = str(title).rstrip("…")
        heading = _("%(action)s: %(rows)s") % {"action": title, "rows": what}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "variant": variant,
        "restorable": getattr(changes.TRACKED.get(rows.model), "restorable", False),
        "form": form,
        "opts": opts,
        "media": model_admin.media + form.media,
        "count": len(keys),
        "heading": heading,
        "objects": [linked(it) for it in rows.all()[:NAMED]],
        "more": max(len(keys) - NAMED, 0),
        "plan": plan,
        "why_refused": plan.refused[0] if plan and plan.refused else "",
        "new": new,
        "cancel": cancel or request.get_full_path(),
        "selected": chosen and signing.dumps(chosen, salt=KEYS, compress=True),
        "is_popup": IS_POPUP_VAR in request.GET,
    }
    return TemplateResponse(request, "intranet/ask.html", context)


def linked(row: Model) -> str:
    """Return the name of a row as the way to its page."""
    url = address(type(row), "change", row.pk)
    return format_html('<a class="text-link" href="{}">{}</a>', url, row)


def carried(request) -> list[str]:
    """Return the primary keys that a page carried."""
    try:
        return signing.loads(request.POST[KEYS], salt=KEYS)
    except signing.BadSignature as error:
        raise BadRequest("Nobody knows which rows were chosen.") from error


def say(request, plan: Plan) -> None:
    """Say what was done, in the words of the page before, and what was left as it is."""
    if plan.sentence:
        messages.success(request, receipt(current(), plan.sentence))
    for left in plan.left:
        messages.warning(request, f"{left}.")


def asking(
    description: str,
    *,
    form: type[forms.Form] = forms.Form,
    initial: Callable[[QuerySet], dict] = lambda rows: {},
    icon: str = "",
    permission: str = "change",
    says_itself: bool = False,
    if_all: bool = False,
    fits: Callable[[Model], bool] = lambda row: True,
    follow: Callable[[QuerySet], int] = lambda rows: 0,
    leads_to: Callable[[QuerySet], str] = lambda rows: "../change/",
):
    """Make a method an action that asks first, on a page that shows what it does.

    With `if_all` it asks only when it is run on all pages of the list. It is for the list and,
    under any name in `actions_detail`, for the page of a row that it `fits`, which then `leads_to`
    an address. The method gets the rows and, by name, what was answered in the form.
    """

    def decorate(do):
        @action(description=description, permissions=[permission], icon=icon)
        @wraps(do)
        def act(self, request, queryset=None, object_id=""):
            if if_all and queryset is not None and request.POST.get("select_across") != "1":
                return do(self, request, queryset)
            rows = self.one(request, object_id) if object_id else queryset
            page = ask(
                self,
                request,
                rows,
                partial(do, self),
                description,
                form_class=partial(form, initial=initial(rows)),
                cancel="../change/" if object_id else "",
                says_itself=says_itself,
                follow=follow,
            )
            return page or (redirect(leads_to(rows)) if object_id else None)

        act.fits = fits
        return act

    return decorate


class Offer(NamedTuple):
    """What the page that deletes rows asks besides, where it `fits` them."""

    fits: Callable[[QuerySet], bool]
    form: type[forms.Form]
    do: Callable[..., None]


_offers: dict[type[Model], list[Offer]] = defaultdict(list)


def offer_on_delete(model: type[Model], *offer) -> None:
    """Have `do` of an Offer called with rows and answers, just before they are deleted."""
    _offers[model].append(Offer(*offer))


def ask_to_delete(model_admin, request, rows: QuerySet, cancel: str = ""):
    """Return the page that shows what deleting these rows takes along; None once it is done."""
    offered = [it for it in _offers[rows.model] if it.fits(rows)]
    form_class = type("Offered", (*(it.form for it in offered), forms.Form), {})

    def do(request, rows, **answers):
        if offered:  # which may make others fit what the rows were filtered by
            rows = rows.filter(pk__in=[*rows.order_by().values_list("pk", flat=True)])
        for it in offered:
            it.do(rows, **{name: answers[name] for name in it.form.base_fields})
        delete(model_admin, request, rows)

    look = {"form_class": form_class, "cancel": cancel, "variant": "danger"}
    return ask(model_admin, request, rows, do, follow=leading_to, **look)


def leading_to(rows: QuerySet) -> int:
    """Return how many rows lead to these, which go with them or lose what they led to."""
    chosen = rows.order_by().values("pk")
    return sum(
        it.related_model._base_manager.using(rows.db)
        .filter(**{f"{it.field.name}__in": chosen})
        .count()
        for it in get_candidate_relations_to_delete(rows.model._meta)
    )


def delete(model_admin, request, rows: QuerySet) -> None:
    """Delete rows and what goes with them, which takes the right to delete all of it."""
    every = rows.model._default_manager.using(rows.db)
    chosen = every.filter(pk__in=rows.order_by().values("pk"))
    spared = [str(it) for it in chosen if not model_admin.has_delete_permission(request, it)]
    if spared:
        raise Veto(f"{named(_('You may not delete'), spared)}.")
    gone = changes.delete(chosen.all())
    collected = current().collected("changes", rows.db)
    deleted = {model_of(it) for it in collected if it.kind == it.Kind.DELETED}
    refuse_lacking(model_admin, request, deleted | gone)


def refuse_lacking(model_admin, request, models: Iterable[type[Model]]) -> None:
    """Raise Veto without the right to delete all these; what is only looked at goes along."""
    registry = model_admin.admin_site._registry
    admins = [registry[it] for it in models if it in registry and it is not model_admin.model]
    lacking = [
        str(it.opts.verbose_name_plural)
        for it in admins
        if not (it.only_to_look_at or it.has_delete_permission(request))
    ]
    if lacking:
        raise Veto(f"{named(_('You may not delete what goes with it'), sorted(lacking))}.")


@admin.action(permissions=["delete"], description=_lazy("Delete selected %(verbose_name_plural)s"))
def delete_selected(model_admin, request, queryset):
    """Delete rows, once the page that shows what goes with them is confirmed."""
    return ask_to_delete(model_admin, request, queryset)


admin.site.add_action(delete_selected)  # in place of the theme's


def telling(one: str, many: str, **facts) -> Callable[[list[str]], Said]:
    """Return what says to whom something was done: the name of one, or how many they are."""
    return lambda names: nphrase(one, many, len(names), name=names[0], **facts)


def each(
    request,
    rows: Iterable[Model],
    change: Callable[[Model], bool],
    allowed: Callable[[object, Model], bool] = lambda actor, row: True,
    *,
    same: str = _lazy("nothing to change"),
    why: str = _lazy("you may not do this to them"),
    said: Callable[[list[str]], Said] | None = None,
    did: Callable[[list[str]], Said] | None = None,
) -> None:
    """Apply `change`, which returns whether it changed anything, to all rows that are `allowed`.

    `allowed` is asked with the signed-in user and the row. The page says which rows were the `same`
    before and which are left alone, with `why`. `said` makes a sentence of the names of the others;
    `did` one to which is added what follows, such as mails.
    """
    refused: list[str] = []
    unchanged: list[str] = []
    done: list[str] = []
    for row in rows:
        progress.advance()
        if not allowed(request.user, row):
            refused.append(str(row))
        elif not change(row):
            unchanged.append(str(row))
        else:
            done.append(str(row))
    for kind, say in {"said": said, "did": did}.items():
        if say and done:
            collect(kind, [say(done)])
    left = {
        _("Left alone, %(why)s") % {"why": why}: refused,
        _("Stays as it is, %(why)s") % {"why": same}: unchanged,
    }
    collect("left", [str(named(text, names)) for text, names in left.items() if names])


def report(request, done: int, sentence: Phrase, left: int = 0, why: Phrase | None = None) -> None:
    """Say to how many rows an action did something, and how many it left as they are."""
    if done or not left:
        messages.success(request, str(sentence.of(done)))
    if why and left:
        messages.warning(request, str(why.of(left)))
