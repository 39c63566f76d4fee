"""The list "History" of all actions, and the page of one: everything that it did."""

from collections import defaultdict
from functools import reduce
from operator import or_

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, Max, Min, Model, OuterRef, Q, QuerySet, Value
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from ..files.models import FileRemoval, in_plain_words
from ..folding import LONGEST
from ..outbox.models import Mail, Notice
from ..sidebar import address
from ..trace.changes import TRACKED
from ..trace.grouping import called, counted_rows
from ..trace.models import Action, Change
from ..trace.wiring import Counted
from ..trace.wording import cause_text, described, model_of
from ..wording import counted
from .base import ReadOnlyAdmin
from .filters import DayRangeFilter
from .history import may_change, may_view, seen, sight, type_of
from .removals import STATES
from .undoing import UndoActions

SHOWN = 100  # rows of each kind on the page of an action
NAMED = 3  # kinds of changes in the list


def having(changes: QuerySet, **which) -> Exists:
    """Return the condition of the actions that have one of these rows."""
    return Exists(changes.filter(action=OuterRef("pk"), **which))


class KindFilter(DropdownFilter):
    title = "what was done"
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return Change.Kind.choices

    def queryset(self, request, queryset):
        kind = self.value()
        return queryset.filter(having(seen(request), kind=kind)) if kind else queryset


class SubjectFilter(DropdownFilter):
    """Offers what the viewer may see some of; together with a kind, that was done to it."""

    title = "what it was done to"
    parameter_name = "of"

    def lookups(self, request, model_admin):
        models = [it for it in TRACKED if may_view(request, it)]
        return [(it._meta.label_lower, capfirst(it._meta.verbose_name_plural)) for it in models]

    def queryset(self, request, queryset):
        models = {it._meta.label_lower: it for it in TRACKED}
        if self.value() not in models:
            return queryset
        which = {"content_type": type_of(models[self.value()])}
        if kind := request.GET.get("kind"):
            which["kind"] = kind
        return queryset.filter(having(seen(request), **which))


class CauseFilter(DropdownFilter):
    """Offers the receivers: which action had one write something."""

    title = "what happened by itself"
    parameter_name = "cause"

    def lookups(self, request, model_admin):
        return sorted(((uid, cause_text(uid)) for uid in Counted.by_uid), key=lambda it: it[1])

    def queryset(self, request, queryset):
        if not (cause := self.value()):
            return queryset
        rows = [seen(request), *effects(request).values()]
        return queryset.filter(reduce(or_, (Q(having(it, cause=cause)) for it in rows)))


class ActionList(ChangeList):
    def get_results(self, request):
        super().get_results(request)
        self.result_list = tell(request, list(self.result_list))


@admin.register(Action)
class ActionAdmin(UndoActions, ReadOnlyAdmin):
    list_display = ["at", "actor_name", "via", "what"]
    list_filter = [KindFilter, SubjectFilter, ("at", DayRangeFilter), CauseFilter]
    search_fields = ["actor_name"]
    search_help_text = "Who did it, or to what, also if that was deleted"
    fields = [("at", "actor_name"), ("via", "what"), "undone"]
    readonly_fields = ["what", "undone"]
    actions_detail = ["undo", "restore"]
    change_form_outer_after_template = "intranet/action.html"

    def get_queryset(self, request):
        """Return the actions that changed what the viewer may see; with `hides` more than that."""
        actions = super().get_queryset(request)
        if request.user.is_superuser:
            return actions.annotate(hides=Value(False))
        hidden = Change.objects.exclude(sight(request))
        return actions.filter(having(seen(request))).annotate(hides=having(hidden))

    def get_list_filter(self, request):
        people = self.admin_site._registry.get(get_user_model())
        by = people and people.has_view_permission(request)
        return [*([("actor", AutocompleteSelectFilter)] if by else []), *self.list_filter]

    def get_search_results(self, request, queryset, search_term):
        """Find actors and names in what the viewer may see, word by word."""
        names, actors = seen(request), Q()
        for word in search_term[:LONGEST].split():
            names, actors = (
                names.filter(object_name__folded=word),
                actors & Q(actor_name__folded=word),
            )
        found = queryset.filter(having(names) | actors) if search_term.strip() else queryset
        return found, False

    def get_changelist(self, request, **kwargs):
        return ActionList

    def get_object(self, request, object_id, from_field=None):
        action = super().get_object(request, object_id, from_field)
        return action and tell(request, [action])[0]

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        """The list is for those who change something; others come from the page of a row."""
        return bool(obj) or any(may_change(request.user, model) for model in TRACKED)

    def render_change_form(self, request, context, *args, **kwargs):
        context |= {
            "title": "Everything this did",
            "sections": [*changes_of(request, context["original"])],
        }
        for model, rows in effects(request).items():
            context["sections"] += section(model, rows.filter(action=context["original"]))
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="What")
    def what(self, action):
        return action.summary or action.told


def tell(request, actions: list[Action]) -> list[Action]:
    """Give the actions the words for what the viewer may see of each, as `told`.

    The summary of one that hides something is left out.
    """
    told = defaultdict(list)
    for group in grouped(seen(request).filter(action__in=actions), "action"):
        told[group["action"]].append(title_of(group))
    for action in actions:
        words = told[action.pk]
        more = ["and more"] if len(words) > NAMED else []
        action.told = ", ".join([*words[:NAMED], *more]) or "-"
        action.summary = "" if action.hides else action.summary
    return actions


def grouped(changes: QuerySet, *by: str) -> QuerySet:
    """Return how many changes there are of each kind and model, first what was asked for."""
    groups = changes.order_by().values("kind", "content_type", *by)
    return groups.annotate(
        number=Count("pk"),
        rows=Count("object_key", distinct=True),
        name=Max("object_name"),
        cause_=Min("cause"),
        first=Min("pk"),
    ).order_by("cause_", "first")


def title_of(group: dict) -> str:
    """Return "Person “Ada Lovelace” changed" or "12 people changed"."""
    model, name = model_of(Change(content_type_id=group["content_type"])), group["name"]
    only = name if model not in TRACKED else f"{called(model)} “{name}”"
    what = only if group["rows"] == 1 else counted_rows(model, group["rows"])
    return capfirst(f"{what} {Change.Kind(group['kind']).label}")


def changes_of(request, action: Action) -> list[dict]:
    """Return the sections of what was changed, by kind and cause."""
    changes, rows = seen(request).filter(action=action), defaultdict(list)
    for it in changes.order_by("cause", "pk")[:SHOWN]:
        lines = format_html_join("", "<p>{}</p>", ([line] for line in described(it)))
        rows[it.kind, it.content_type_id, it.cause].append([named(it), lines or "-"])
    return [
        {
            "title": title_of(group),
            "why": cause_text(group["cause"]),
            "table": {"headers": ["what", "from and to"], "rows": found},
            "more": group["number"] - len(found),
        }
        for group in grouped(changes, "cause")
        for found in [rows[group["kind"], group["content_type"], group["cause"]]]
    ]


def named(change: Change) -> str:
    """Return the name of what was changed, as a link to its page where it has one."""
    model = model_of(change)
    if change.kind == Change.Kind.DELETED or model not in admin.site._registry:
        return change.object_name
    return linked(change.object_name, model, change.object_key)


def linked(text: str, model: type[Model], key) -> str:
    return format_html('<a class="text-link" href="{}">{}</a>', address(model, "change", key), text)


# --- What else an action did -----------------------------------------------------------------

MAY_SEE = {
    Mail: "intranet.view_mail",
    Notice: "intranet.receive_notices",
    FileRemoval: "intranet.view_fileremoval",
}


def effects(request) -> dict[type[Model], QuerySet]:
    """Return the mails, notices and files that the viewer may see."""
    seen_by = {model for model, right in MAY_SEE.items() if request.user.has_perm(right)}
    rows = {Mail: Mail.objects.defer("message"), Notice: Notice.objects.select_related("recipient")}
    return {model: rows.get(model, model.objects.all()) for model in MAY_SEE if model in seen_by}


def section(model: type[Model], rows: QuerySet) -> list[dict]:
    """Return the section of one kind of effects, if there are any."""
    count, (headers, cells) = rows.count(), CELLS[model]
    names = model._meta.verbose_name, model._meta.verbose_name_plural
    table = [[*cells(it), cause_text(it.cause)] for it in rows[:SHOWN]]
    return [
        {
            "title": counted(count, *names),
            "table": {"headers": [*headers, "why"], "rows": table},
            "more": count - len(table),
        }
    ][: bool(count)]


def cells_of_mail(mail: Mail) -> list:
    return [mail.get_status_display(), mail.to, linked(mail.subject, Mail, mail.pk)]


def cells_of_notice(notice: Notice) -> list:
    return [notice.recipient, notice.message, "read" if notice.read_at else "unread"]


def cells_of_removal(removal: FileRemoval) -> list:
    closed = removal.removed_at or removal.kept_at
    when = f", {date_format(localtime(closed), 'DATETIME_FORMAT')}" if closed else ""
    name = linked(in_plain_words(removal.source), FileRemoval, removal.pk)
    return [f"{STATES[removal.status]}{when}", name, removal.error]


CELLS = {
    Mail: (["status", "to", "subject"], cells_of_mail),
    Notice: (["told", "what", "read"], cells_of_notice),
    FileRemoval: (["status", "file", "error"], cells_of_removal),
}
