"""Pages of lists, found by their keys alone: columns are computed and joined for the rows shown."""

from functools import partial

from django.contrib.admin.utils import lookup_spawns_duplicates
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Func, IntegerField, QuerySet, Subquery
from django.utils.functional import cached_property
from unfold.views import ChangeList

from ..trigrams import FEW, among
from .search import are_known_few

FILTERED = 500  # of what filters find: more are soon met in the order of the list
MANY = 50  # parts; it would take longer to ask for one after the other
TURNING = {PAGE_VAR, ORDER_VAR}  # what a list is asked for that is narrowed by nothing


def number_of(rows: QuerySet) -> Subquery:
    """Return the expression for how many `rows` there are; they name their OuterRef.

    It counts rows, not keys, which PostgreSQL would look up where an index has not got them.
    """
    count = Func(template="COUNT(*)", output_field=IntegerField())
    return Subquery(rows.order_by().annotate(number=count).values("number"))


def keys_found(rows: QuerySet, few: int = 0) -> list | None:
    """Return the keys of what a search or a filter finds, in order; None if those are many.

    Where no index told, they are read as they are stored and then sorted: comparing each row by an
    index in the order of the list takes several times as long, where few match.
    """
    are_few, few = are_known_few(rows), few or FEW
    if are_few is False:
        return None
    if are_few is None:
        found = list(rows.order_by().values_list("pk", flat=True)[: few + 1])
        if len(found) > few or not found:
            return None if found else []
        if not rows.query.annotations:  # by which they might be sorted
            asked, rows = rows, rows.model._base_manager.using(rows.db)
            rows = rows.order_by(*asked.query.order_by) if asked.query.order_by else rows.all()
        rows = rows.filter(pk__in=among(rows.model, found, rows.db))
    return list(rows.values_list("pk", flat=True))


def in_order(rows: QuerySet, keys: list) -> list:
    found = rows.in_bulk(keys) if keys else {}
    return [found[key] for key in keys if key in found]


def by_relation(rows: QuerySet) -> list[QuerySet]:
    """Return a list that is sorted by a relation as the rows that have none, and the others.

    Where few are related to, each part has the rows of one: in their own order, no two are equal.
    PostgreSQL reads the others in the order of an index, but sorts all where they may have none.
    """
    by, *then = rows.query.order_by or [""]
    name = str(by).removeprefix("-")  # or an expression
    relation = {it.name: it for it in rows.model._meta.fields if it.many_to_one}.get(name)
    if not (relation and relation.null and (ordering := unique(relation.related_model))):
        return [rows]
    without = rows.filter(**{name: None}).order_by(*then)
    column, owners = relation.attname, relation.related_model._base_manager.using(rows.db)
    keys = list(owners.values_list("pk", flat=True)[: MANY + 1])
    if len(keys) > MANY:
        some = rows.filter(**{f"{name}__isnull": False}).order_by(column)
        keys = list(some.values_list(column, flat=True).distinct()[: MANY + 1])
    if len(keys) > MANY:
        first = ordering[0].removeprefix("-")
        parts = [rows.filter(**{f"{name}__{first}__isnull": False})]
    else:
        owners = owners.filter(pk__in=keys).order_by(*ordering)
        parts = [rows.filter(**{name: it}).order_by(*then) for it in owners]
    if by.startswith("-"):
        parts.reverse()
    is_first = connections[rows.db].features.order_by_nulls_first != by.startswith("-")
    return [without, *parts] if is_first else [*parts, without]


def unique(model) -> list[str]:
    """Return the names by which a model is sorted, if no two of its rows are equal by them."""
    names = [*model._meta.ordering]
    fields = {it.name: it for it in model._meta.fields}
    last = fields.get(str(names[-1]).removeprefix("-")) if names else None
    return names if last and last.unique and {*map(type, names)} == {str} else []


def keys_between(parts: list[QuerySet], start: int, end: int) -> list:
    """Return the keys of the list that these parts make, one after the other."""
    found, size = [], end - start
    for rows in parts:
        keys = list(rows.values_list("pk", flat=True)[start : start + size - len(found)])
        found += keys
        if len(found) == size:
            break
        start = 0 if keys else start - rows.count()
    return found


class KeysFirst(Paginator):
    """Reads the keys of a page from the nearer end of the list, then `rows_of(keys)`.

    What a search or a filter has `found` is read at once, where that is not much. Near an end of
    what is much, the `parts(rows)` are read of which the list is made.
    """

    found = None

    @cached_property
    def count(self):
        return self.object_list.count() if self.found is None else len(self.found)

    def page(self, number):
        number = self.validate_number(number)
        end = number * self.per_page
        return self._get_page(self.rows(end - self.per_page, min(end, self.count)), number, self)

    def rows(self, start: int, end: int) -> list:
        if self.found is not None:
            return self.rows_of(self.found[start:end])
        is_turned = start > self.count / 2
        if is_turned:
            start, end = self.count - end, self.count - start
        parts = self.parts(self.object_list) if start <= FEW < self.count else [self.object_list]
        if is_turned:
            parts = [it.reverse() for it in reversed(parts)]
        keys = keys_between(parts, start, end)
        return self.rows_of(keys[::-1] if is_turned else keys)


class KeysFirstList(ChangeList):
    def get_filters(self, request):
        """Compare no rows for the sake of filters, of which none finds a row twice."""
        filters, are_there, others, _, are_set = super().get_filters(request)
        twice = any(lookup_spawns_duplicates(self.lookup_opts, it) for it in others)
        return filters, are_there, others, twice, are_set

    def get_ordering_field(self, field_name):
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None

    def get_ordering(self, request, queryset):
        """Put equals in the order of the list, where that is not long; else as an index is."""
        ordering = super().get_ordering(request, queryset)
        if ORDER_VAR in self.params and len(ordering) > 1 and ordering[-1] == "-pk":
            is_long = self.root_queryset.order_by()[: FEW + 1].count() > FEW
            stored = "-pk" if str(ordering[0]).startswith("-") else "pk"
            ordering[-1:] = [stored] if is_long else [*self.lookup_opts.ordering, "pk"]
        return ordering

    def get_results(self, request):
        super().get_results(request)
        if isinstance(self.result_list, QuerySet):  # all of it on one page
            self.result_list = self.paginator.rows(0, self.result_count)


class FlatLists:
    """Joined to every model admin: the query of a list filters and sorts, `with_columns` shows."""

    def get_paginator(self, request, *args, **kwargs):
        pages = KeysFirst(*args, **kwargs)
        pages.rows_of = partial(self.rows_of, request)
        pages.parts = self.in_parts
        if request.GET.get(SEARCH_VAR) or request.GET.get("term"):
            pages.found = keys_found(pages.object_list)
        elif "field_name" not in request.GET and not request.GET.keys() <= TURNING:
            pages.found = keys_found(pages.object_list, FILTERED)
        if "field_name" in request.GET:
            pages.rows_of = partial(in_order, self.model._default_manager.all())
            if pages.found is None:  # nobody scrolls through more
                is_many = are_known_few(pages.object_list) is False
                pages.count = FEW if is_many else pages.object_list.order_by()[:FEW].count()
        return pages

    def get_changelist(self, request, **kwargs):
        return KeysFirstList

    def in_parts(self, rows: QuerySet) -> list[QuerySet]:
        """Return what makes the list one after the other, where that is found sooner."""
        return by_relation(rows)

    def rows_of(self, request, keys: list) -> list:
        """Return the rows of these keys, in their order."""
        rows = self.model._default_manager.select_related(*self.list_select_related or [None])
        return in_order(self.with_columns(request, rows), keys) if keys else []

    def with_columns(self, request, rows: QuerySet) -> QuerySet:
        """Add what the list shows of each row."""
        return rows
