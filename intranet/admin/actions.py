"""The list "History" of all actions, and the page of one: everything that it did."""

from collections import defaultdict
from functools import reduce
from operator import or_

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.decorators import display

from ..folding import LONGEST
from ..trace.changes import TRACKED
from ..trace.models import Action, Change, listed
from ..trace.wiring import Counted
from ..trace.wording import cause_text
from .action_page import changes_of, effects, effects_of, grouped, title_of
from .base import ReadOnlyAdmin
from .filters import DayRangeFilter, as_offered
from .history import actions_shown, may_change, may_view, seen, sight, type_of
from .keys_first import FILTERED, TURNING
from .undoing import UndoActions

NAMED = 3  # kinds of changes in the list
WORDS = 50  # of a search


def having(changes: QuerySet, **which) -> Exists:
    """Return the condition of the actions that have one of these rows."""
    return Exists(changes.filter(action=OuterRef("pk"), **which))


def found_by(changes: QuerySet, **which) -> Q:
    """Return the same condition, by the keys of the actions where those are few."""
    rows = changes.filter(**which).order_by().values_list("action", flat=True)
    few = list(rows.distinct()[: FILTERED + 1])
    return Q(pk__in=few) if len(few) <= FILTERED else Q(having(changes, **which))


def asked_of_changes(kind: str | None, of: str | None) -> dict:
    """Return what filters ask of the changes of an action."""
    models = {it._meta.label_lower: it for it in TRACKED}
    by_kind = {"kind": kind} if kind else {}
    return by_kind | ({"content_type": type_of(models[of])} if of in models else {})


class ActorFilter(AutocompleteSelectFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("person")


class KindFilter(DropdownFilter):
    title = _lazy("kind")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return as_offered(Change.Kind.choices)

    def queryset(self, request, queryset):
        kind = self.value()
        return queryset.filter(found_by(seen(request), kind=kind)) if kind else queryset


class SubjectFilter(DropdownFilter):
    """Offers what the viewer may see some of; together with a kind, that was done to it."""

    title = _lazy("what was changed")
    parameter_name = "of"

    def lookups(self, request, model_admin):
        models = [it for it in TRACKED if may_view(request, it)]
        return [(it._meta.label_lower, capfirst(it._meta.verbose_name_plural)) for it in models]

    def queryset(self, request, queryset):
        asked = asked_of_changes(request.GET.get("kind"), self.value())
        if "content_type" not in asked:
            return queryset
        return queryset.filter(found_by(seen(request), **asked))


class CauseFilter(DropdownFilter):
    """Offers the receivers: which action had one write something."""

    title = _lazy("what happened by itself")
    parameter_name = "cause"

    def lookups(self, request, model_admin):
        return sorted(((uid, cause_text(uid)) for uid in Counted.by_uid), key=lambda it: it[1])

    def queryset(self, request, queryset):
        if not (cause := self.value()):
            return queryset
        place = StrIndex("causes", Value(listed([cause])))  # which takes less than LIKE
        queryset = queryset.filter(GreaterThan(place, 0))
        if request.user.is_superuser:
            return queryset
        rows, own = [seen(request), *effects(request).values()], Q(actor=request.user.pk)
        return queryset.filter(reduce(or_, (having(it, cause=cause) for it in rows), own))


@admin.register(Action)
class ActionAdmin(UndoActions, ReadOnlyAdmin):
    list_display = ["at", "by", "via", "what"]
    list_filter = [KindFilter, SubjectFilter, ("at", DayRangeFilter), CauseFilter]
    search_fields = ["actor_name"]
    search_help_text = _lazy("Who did it, or to what, also if that was deleted")
    fields = [("at", "by"), ("via", "what")]
    readonly_fields = ["by", "what", "undone"]
    actions_detail = ["undo", "restore"]
    change_form_outer_after_template = "intranet/action.html"

    def get_queryset(self, request):
        """Return the actions that changed what the viewer may see, and what they did themselves."""
        actions = super().get_queryset(request)
        return actions if request.user.is_superuser else actions.filter(actions_shown(request))

    def get_paginator(self, request, *args, **kwargs):
        """Count by the changes, where nothing else is asked for: no action is asked for its own."""
        pages = super().get_paginator(request, *args, **kwargs)
        asked = asked_of_changes(request.GET.get("kind"), request.GET.get("of"))
        if pages.found is None and asked and request.GET.keys() <= TURNING | {"kind", "of"}:
            found = seen(request).filter(**asked).order_by()
            pages.count = found.values("action").distinct().count()
        return pages

    def get_list_filter(self, request):
        people = self.admin_site._registry.get(get_user_model())
        by = people and people.has_view_permission(request)
        return [*([("actor", ActorFilter)] if by else []), *self.list_filter]

    def get_search_results(self, request, queryset, search_term):
        """Find actors and names in what the viewer may see, word by word."""
        names, actors = seen(request), Q()
        for word in search_term[:LONGEST].split()[:WORDS]:
            names = names.filter(object_name__folded=word)
            actors &= Q(actor_name__folded=word)
        found = queryset.filter(having(names) | actors) if search_term.strip() else queryset
        return found, False

    def rows_of(self, request, keys):
        return tell(request, super().rows_of(request, keys))

    def get_object(self, request, object_id, from_field=None):
        action = super().get_object(request, object_id, from_field)
        return action and tell(request, [action])[0]

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        """The list is for those who change something; others come from the page of a row."""
        return bool(obj) or any(may_change(request.user, model) for model in TRACKED)

    def render_change_form(self, request, context, *args, **kwargs):
        action = context["original"]
        sections = [*changes_of(request, action), *effects_of(request, action)]
        context |= {"title": _("Everything this did"), "sections": sections}
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=_lazy("by"), ordering="actor_name")
    def by(self, action):
        return action.by

    @display(description=_lazy("What"))
    def what(self, action):
        told = action.words or action.told
        if action.undone_by:
            return _("%(what)s (undone)") % {"what": told}
        return _("%(what)s (undone in part)") % {"what": told} if action.in_part else told


def tell(request, actions: list[Action]) -> list[Action]:
    """Give the actions the words for what the viewer may see of each, as `told`.

    Each is told whether it is undone `in_part`. The summary of one that `hides` something from the
    viewer is left out.
    """
    told, hiding = defaultdict(list), frozenset()
    if not request.user.is_superuser:
        hidden = Change.objects.exclude(sight(request)).filter(action__in=actions)
        hiding = set(hidden.order_by().values_list("action", flat=True).distinct())
    for group in grouped(seen(request).filter(action__in=actions), "action"):
        told[group["action"]].append(title_of(group))
    parts = Action.objects.filter(undoes_part_of__in=[it.pk for it in actions], undone_by=None)
    in_part = set(parts.values_list("undoes_part_of", flat=True))
    for action in actions:
        action.in_part = action.pk in in_part
        words = told[action.pk]
        more = [_("and more")] if len(words) > NAMED else []
        action.told = ", ".join([*words[:NAMED], *more]) or "-"
        action.hides = action.pk in hiding
        if action.hides:
            action.summary, action.said = "", []
    return actions
