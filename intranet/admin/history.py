"""The history: which changes somebody may see, and the page "History" of a row."""

from functools import reduce
from itertools import groupby
from operator import attrgetter, or_

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Exists, Model, OuterRef, Q, QuerySet, TextField, When
from django.db.models.functions import Cast
from django.db.models.lookups import Regex
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ..sidebar import address
from ..trace.changes import TRACKED
from ..trace.grouping import DONE
from ..trace.models import Action, Change
from ..trace.phrases import Phrase, named_rows
from ..trace.wording import cause_text, described, model_of

AT_A_TIME = 50  # actions on a page
PAGE = "p"


class HistoryPages:
    """Joined to every model admin: its "History" is made of changes; Django's log stays empty."""

    def log_addition(self, request, objects, message=""):
        """Write nothing: signals write the history."""

    log_change = log_deletions = log_addition

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not may_see_history(request, obj):
            raise PermissionDenied
        if (whole := whole_of(obj)) is not obj:
            return redirect(address(type(whole), "history", whole.pk))
        actions = Action.objects.filter(pk__in=about(request, obj).values("action"))
        page = Paginator(actions, AT_A_TIME).get_page(request.GET.get(PAGE))
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %(name)s") % {"name": obj},
            "table": table_of(about(request, obj).filter(action__in=[it.pk for it in page])),
            "page": page,
            "page_var": PAGE,
            "object": obj,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "intranet/history.html", context)


def may_see_history(request, obj: Model) -> bool:
    """Return whether the viewer may see a row, and the one that it is part of."""
    model_admin, whole = admin.site._registry.get(type(obj)), whole_of(obj)
    tracked = model_admin and type(obj) in TRACKED
    allowed = tracked and model_admin.has_view_or_change_permission(request, obj)
    return bool(allowed and (whole is obj or may_see_history(request, whole)))


def whole_of(obj: Model) -> Model:
    """Return the row that `obj` is part of; itself when there is none."""
    tracked = TRACKED.get(type(obj))
    return getattr(obj, tracked.part_of) if tracked and tracked.part_of else obj


def about(request, obj: Model) -> QuerySet[Change]:
    """Return the changes of a row and of its parts that the viewer may see."""
    own = Q(content_type=type_of(type(obj)), object_key=str(obj.pk))
    parts = [
        Q(
            content_type=type_of(model),
            object_key__in=keys(model._base_manager.filter(**{tracked.part_of: obj})),
        )
        for model, tracked in TRACKED.items()
        if tracked.part_of and whole_model(model) is type(obj)
    ]
    return seen(request).filter(reduce(or_, parts, own))


def table_of(changes: QuerySet[Change]) -> dict:
    """Return the table that says, newest first, who did what to a row."""
    changes = changes.select_related("action").order_by("-action__at", "-action", "pk")
    rows = [
        [link_to(action), action.by, action.get_via_display(), what(action, [*its])]
        for action, its in groupby(changes, attrgetter("action"))
    ]
    return {"headers": [_("When"), _("By"), _("How"), _("What")], "rows": rows}


def link_to(action: Action) -> str:
    at = date_format(localtime(action.at), "DATETIME_FORMAT")
    url = address(Action, "change", action.pk)
    return format_html('<a class="text-link whitespace-nowrap" href="{}">{}</a>', url, at)


def what(action: Action, changes: list[Change]) -> str:
    """Return what an action did to one row, and in small print why, where nobody asked for it."""
    lines = [action.words] if action.words and action.via == Action.Via.WORKER else []
    for change in changes:
        if change.kind != Change.Kind.CHANGED:
            rows = {"rows": named_rows(model_of(change))}
            lines.append(capfirst(str(Phrase(DONE[change.kind][1], rows))))
        lines += described(change)
        if why := cause_text(change.cause):
            lines.append(format_html('<span class="text-subtle text-xs">{}</span>', why))
    return paragraphs(lines or [action.words])


def paragraphs(lines: list[str]) -> str:
    """Return one cell of a table with several lines."""
    text = format_html_join("", "<p>{}</p>", ([line] for line in lines))
    return format_html('<div class="leading-relaxed">{}</div>', text or "-")


# --- Who sees what ---------------------------------------------------------------------------


def seen(request) -> QuerySet[Change]:
    """Return the changes that the viewer may see."""
    return Change.objects.filter(sight(request))


def sight(request) -> Q:
    """Return the condition of the changes that the viewer may see: those of rows they see.

    What is gone is seen by those who may change what there is of its kind, and by whoever did it.
    """
    if request.user.is_superuser:
        return Q()
    own = Q(action__actor=request.user.pk)  # which they were shown before
    return reduce(or_, (sight_of(request, model) for model in TRACKED), own)


def actions_shown(request) -> Exists:
    """Return the condition of the actions that the viewer did, or sees a change of.

    Both are asked in one subquery, which PostgreSQL can join; beside an OR it cannot.
    """
    own = Q(actor=request.user.pk)
    either = reduce(or_, (sight_of(request, model, "changes__") for model in TRACKED), own)
    return Exists(Action.objects.order_by().filter(either, pk=OuterRef("pk")))


def sight_of(request, model: type[Model], at: str = "") -> Q:
    """Return the condition of the changes of one model, to which `at` leads."""
    rows, changes = rows_seen(request, model), Q(**{f"{at}content_type": type_of(model)})
    if not may_change(request.user, model):
        return changes & is_of(rows, at)
    hidden = is_of(model._base_manager.all(), at) & ~is_of(rows, at)
    return changes & ~hidden if narrowed(rows) else changes


def is_of(rows: QuerySet, at: str) -> Q:
    """Return the condition of the changes of these rows, which is asked of each by its key."""
    key = OuterRef(f"{at}object_key")
    number = Cast(key, rows.model._meta.pk)
    is_key = Regex(key, r"^\d{1,18}$")  # older entries may have had none
    return Q(Exists(rows.order_by().filter(pk=Case(When(is_key, then=number)))))


def rows_seen(request, model: type[Model]) -> QuerySet:
    """Return the rows that the viewer sees, in their own list and with what they are part of."""
    rows, model_admin = model._base_manager.all(), admin.site._registry.get(model)
    if not may_view(request, model):
        return rows.none()
    whole = whole_model(model)
    if whole and narrowed(wholes := rows_seen(request, whole)):
        rows = rows.filter(**{f"{TRACKED[model].part_of}__in": wholes})
    if model_admin and narrowed(seen_rows := model_admin.get_queryset(request).order_by()):
        rows = rows.filter(pk__in=seen_rows.values("pk"))
    return rows


def narrowed(rows: QuerySet) -> bool:
    """Return whether these may be fewer than all."""
    return bool(rows.query.where or rows.query.combinator or rows.query.is_sliced)


def may_view(request, model: type[Model]) -> bool:
    """Return whether somebody may view rows of a model, and what they are part of."""
    model_admin, whole = admin.site._registry.get(model), whole_model(model)
    if model_admin and not model_admin.has_view_or_change_permission(request):
        return False
    return may_view(request, whole) if whole else bool(model_admin)


def may_change(user, model: type[Model]) -> bool:
    """Return whether somebody may change rows of a model, and of what they are part of."""
    codename = get_permission_codename("change", model._meta)
    whole = whole_model(model)
    return user.has_perm(f"{model._meta.app_label}.{codename}") and (
        not whole or may_change(user, whole)
    )


def whole_model(model: type[Model]) -> type[Model] | None:
    part_of = TRACKED[model].part_of
    return model._meta.get_field(part_of).related_model if part_of else None


def keys(rows: QuerySet) -> QuerySet:
    """Return the primary keys as changes hold them."""
    return rows.order_by().values_list(Cast("pk", TextField()))


def type_of(model: type[Model]) -> ContentType:
    return ContentType.objects.get_for_model(model)
