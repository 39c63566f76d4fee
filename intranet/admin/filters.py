"""List filters that the theme's "Apply filters" button keeps, and what a list is narrowed to."""

from datetime import timedelta

from django import forms
from django.contrib.admin.views.main import ChangeList
from django.db.models import DateTimeField, Exists, OuterRef
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesCheckboxFilter,
    RadioFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)

from .. import attention
from ..trace.wording import field_of
from .keys_first import FILTERED
from .moments import start_of


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both included, on a date with or without a time.

    Days are read as the page's language writes them; the theme's own filter reads 3/4 as 4 March.
    """

    def queryset(self, request, queryset):
        begin = start_of if isinstance(self.field, DateTimeField) else lambda day: day
        if first := self.day("from"):
            queryset = queryset.filter(**{f"{self.field_path}__gte": begin(first)})
        if last := self.day("to"):
            after = begin(last + timedelta(days=1))
            queryset = queryset.filter(**{f"{self.field_path}__lt": after})
        return queryset

    def day(self, end: str):
        """Return the day that was typed at one end; None when there is none or it is no day."""
        try:
            return forms.DateField(required=False).clean(
                self.used_parameters.get(f"{self.parameter_name}_{end}")
            )
        except forms.ValidationError:
            return None

    @property
    def chosen(self) -> str:
        texts = {"from": gettext("from %(day)s"), "to": gettext("until %(day)s")}
        days = {end: self.day(end) for end in texts}
        return ", ".join(texts[end] % {"day": date_format(it)} for end, it in days.items() if it)


def as_offered(choices) -> list[tuple[str, str]]:
    """Return choices as filters offer them: each begins with a capital."""
    return [(key, capfirst(str(label))) for key, label in choices]


class ChoicesFilter(ChoicesCheckboxFilter):
    """By the choices of a field."""

    def choices(self, changelist):
        for choice in super().choices(changelist):
            field = choice["form"].fields[self.lookup_kwarg]
            field.choices = as_offered(field.choices)
            yield choice


class OfManyFilter(RelatedDropdownFilter):
    """By one of the many rows that a row is linked to: finds each once, without comparing them."""

    def queryset(self, request, queryset):
        there = super().queryset(request, queryset.model._base_manager.none())  # if it is a key
        if not self.value() or there is None:
            return queryset
        here, other = self.field.m2m_field_name(), self.field.m2m_reverse_field_name()
        links = self.field.remote_field.through._base_manager.filter(**{other: self.value()})
        few = list(links.values_list(here, flat=True)[: FILTERED + 1])
        if len(few) <= FILTERED:
            return queryset.filter(pk__in=few)
        return queryset.filter(Exists(links.filter(**{here: OuterRef("pk")})))


class AttentionFilter(RadioFilter):
    """What needs attention among the rows of the list; there is none where that is nothing."""

    title = _("what needs attention")
    said_as = _("Needs attention")
    parameter_name = attention.FILTER

    def lookups(self, request, model_admin):
        return [(item.key, item.label) for item in attention.items(model_admin.model)]

    def queryset(self, request, queryset):
        return attention.filtered(queryset, self.value(), request.user)


def narrowed(shown: ChangeList) -> list[str]:
    """Return, for each filter of a list that is set, a line such as "Status: live"."""
    given = {name for name, values in shown.get_filters_params().items() if any(values)}
    said = []
    for it in shown.filter_specs:
        if given & {*it.expected_parameters()}:
            words = it.chosen if hasattr(it, "chosen") else picked(it, shown)
            said.append((getattr(it, "said_as", it.title), words))
            given -= {*it.expected_parameters()}
    said += [by_link(shown, name) for name in sorted(given)]
    text = gettext("%(field)s: %(words)s")
    return [text % {"field": capfirst(str(it)), "words": words} for it, words in said if words]


def picked(spec, shown: ChangeList) -> str:
    """Return what is chosen in a filter."""
    words = []
    for choice in spec.choices(shown):
        if form := choice.get("form"):
            for name, field in form.fields.items():
                words += labels_in(field, form.data.get(name))
        elif choice["selected"]:
            words.append(choice["display"])
    return ", ".join(map(str, words))


def labels_in(field: forms.Field, value) -> list:
    values = [*map(str, value if isinstance(value, list) else [value])]
    if isinstance(field, forms.ModelChoiceField):
        return list(field.queryset.filter(pk__in=values))
    return [
        label for key, label in getattr(field, "choices", ()) if key != "" and str(key) in values
    ]


def by_link(shown: ChangeList, name: str) -> tuple[object, str]:
    """Return name and value of a field by which another page's link narrows a list.

    Of a row, its name, but only where the list shows it anyway.
    """
    field = field_of(shown.model, name.split("__")[0])
    if not getattr(field, "is_relation", True):
        return field.verbose_name, ", ".join(shown.get_filters_params()[name])
    first = next(iter(shown.result_list), None)
    many = field is None or field.one_to_many or field.many_to_many
    return getattr(field, "verbose_name", ""), "" if many or not first else str(
        getattr(first, field.name) or ""
    )
