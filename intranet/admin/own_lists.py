"""Lists as each person wants them: the columns and their order, and filters saved under a name."""

from copy import copy

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponseRedirect, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..models import SavedView
from ..trace.phrases import phrase
from .filters import narrowed

DO = "_own_list"  # what a form of these menus asks for
MOST = 30  # saved filters of one list
LONGEST = 2000  # characters of a saved filter


class NameForm(forms.Form):
    name = forms.CharField(max_length=60)


def key(column) -> str:
    """Return what a column is called in the database and on the page."""
    return column if isinstance(column, str) else column.__name__


class OwnLists:
    """Joined to every model admin. Reads what somebody saved for a list in one query a request."""

    more_columns = []  # offered beside those of `list_display`

    def own_views(self, request) -> list[SavedView]:
        """Return what was saved for this list: the columns, which have no name, and filters."""
        read = vars(request).setdefault("_own_views", {})
        if self.opts.label_lower not in read:
            mine = SavedView.objects.filter(person=request.user.pk, page=self.opts.label_lower)
            read[self.opts.label_lower] = list(mine)
        return read[self.opts.label_lower]

    def columns(self, request) -> dict[str, object]:
        """Return all columns that there are to choose from, in the usual order."""
        usual = super().get_list_display(request)
        return {key(it): it for it in [*usual, *self.get_more_columns(request)]}

    def get_more_columns(self, request):
        return self.more_columns

    def get_list_display(self, request):
        there = self.columns(request)
        chosen = next((it.columns for it in self.own_views(request) if not it.name), [])
        known = [there[name] for name in chosen if name in there]
        return known or super().get_list_display(request)

    def get_list_display_links(self, request, list_display):
        links = super().get_list_display_links(request, list_display)
        return links and ([it for it in links if it in list_display] or list_display[:1])

    def changelist_view(self, request, extra_context=None):
        if request.method == "POST" and DO in request.POST:
            if not self.has_view_or_change_permission(request):
                raise PermissionDenied
            return self.keep(request)
        page = super().changelist_view(request, extra_context)
        context = getattr(page, "context_data", None) or {}
        if (shown := context.get("cl")) and not shown.is_popup:
            show_all = shown.get_query_string(remove=shown.get_filters_params())
            context |= {"narrowed": narrowed(shown), "show_all": show_all}
            context["own_list"] = self.menus(request, shown)
        return page

    def menus(self, request, shown: ChangeList) -> dict:
        """Return what the menus "Columns" and "Saved filters" hold."""
        chosen = list(map(key, self.get_list_display(request)))
        labels = {
            name: capfirst(label_for_field(column, self.model, self))
            for name, column in self.columns(request).items()
        }
        now = portable(shown)
        filters = [
            {"pk": it.pk, "name": it.name, "url": address(shown, it), "is_shown": it.query == now}
            for it in self.own_views(request)
            if it.name
        ]
        return {
            "columns": [(name, labels[name], True) for name in chosen]
            + [(name, label, False) for name, label in labels.items() if name not in chosen],
            "filters": filters,
            "can_be_saved": bool(now) and all(not it["is_shown"] for it in filters),
            "longest_name": NameForm.base_fields["name"].max_length,
        }

    def keep(self, request) -> HttpResponseRedirect:
        """Do what a form of the menus asks for, with rows of one's own only, and show the list."""
        mine = SavedView.objects.filter(person=request.user, page=self.opts.label_lower)
        query = request.GET.copy()
        match request.POST[DO]:
            case "columns":
                self.keep_columns(request, mine)
                query.pop(ORDER_VAR, None)  # which counts columns
            case "usual":
                mine.filter(name="").delete()
                query.pop(ORDER_VAR, None)
            case "save":
                self.keep_filter(request, mine)
            case "rename" | "delete" as asked:
                filters = mine.exclude(name="").filter(pk=number(request.POST.get("filter", "")))
                if (row := filters.first()) and asked == "delete":
                    row.delete()
                    tell = _("The saved filter “%(name)s” was deleted.")
                    messages.success(request, tell % {"name": row.name})
                elif row and (name := self.free_name(request, mine.exclude(pk=row.pk))):
                    filters.update(name=name)
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")

    def keep_columns(self, request, mine) -> None:
        there = self.columns(request)
        sent = request.POST.getlist("columns")
        chosen = [name for name in dict.fromkeys(sent) if name in there]
        if not chosen:
            messages.error(request, _("Tick at least one column. Nothing was changed."))
            return
        values = {"person": request.user, "page": self.opts.label_lower, "name": ""}
        mine.update_or_create(**values, defaults={"columns": chosen})

    def keep_filter(self, request, mine) -> None:
        """Save the filter that the list is opened with, if the list understands it."""
        there = copy(request)
        there.GET = QueryDict(request.GET.urlencode())
        try:
            query = portable(self.get_changelist_instance(there))
        except (IncorrectLookupParameters, SuspiciousOperation):
            query = ""
        if not query or len(query) > LONGEST:
            messages.error(request, _("There is no filter that could be saved."))
        elif mine.exclude(name="").count() >= MOST:
            tell = phrase(
                "You have %(number)s saved filters for this list: delete one first.", number=MOST
            )
            messages.error(request, str(tell))
        elif name := self.free_name(request, mine):
            values = {"person": request.user, "page": self.opts.label_lower, "name": name}
            mine.update_or_create(**values, defaults={"query": query})
            messages.success(request, _("The filter was saved as “%(name)s”.") % {"name": name})

    def free_name(self, request, others) -> str:
        """Return the name that was sent; empty, and say why, when it cannot be used."""
        form = NameForm(request.POST)
        if not form.is_valid():
            messages.error(request, " ".join(form.errors["name"]))
        elif others.filter(name=form.cleaned_data["name"]).exists():
            tell = _("You have a saved filter “%(name)s” already: choose another name.")
            messages.error(request, tell % form.cleaned_data)
        else:
            return form.cleaned_data["name"]
        return ""


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def known(shown: ChangeList, query: QueryDict) -> QueryDict:
    """Return what of a query string a list has a search box or a filter for."""
    names = {SEARCH_VAR} if shown.search_fields else set()
    names |= {name for it in shown.filter_specs for name in it.expected_parameters()}
    found = QueryDict(mutable=True)
    for name in sorted(names & query.keys()):
        if values := list(filter(None, query.getlist(name))):
            found.setlist(name, values)
    return found


def portable(shown: ChangeList) -> str:
    """Return the query string of a list, with columns to order by called by name, not counted."""
    query = QueryDict(mutable=True)
    for name, values in shown.filter_params.items():
        query.setlist(name, values)
    kept = known(shown, query)
    names = {str(place): key(it) for place, it in enumerate(shown.list_display)}
    if order := ".".join(renamed(query.get(ORDER_VAR, ""), names.get)):
        kept[ORDER_VAR] = order
    return kept.urlencode()


def address(shown: ChangeList, saved: SavedView) -> str:
    """Return the query string that shows a saved filter, but for what has gone from the list."""
    query = QueryDict(saved.query)
    kept = known(shown, query)
    places = {key(it): str(place) for place, it in enumerate(shown.list_display)}
    if order := ".".join(renamed(query.get(ORDER_VAR, ""), places.get)):
        kept[ORDER_VAR] = order
    return f"?{kept.urlencode()}"


def renamed(order: str, call) -> list[str]:
    """Return the parts of an order, such as -1.3, with each column called otherwise."""
    parts = [(part[:1] == "-", call(part.removeprefix("-"))) for part in order.split(".")]
    return [f"-{name}" if down else name for down, name in parts if name]
