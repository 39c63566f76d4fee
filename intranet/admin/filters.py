"""List filters that the theme's "Apply filters" button keeps."""

from datetime import timedelta

from django import forms
from django.db.models import DateTimeField
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RadioFilter, RangeDateFilter

from .. import attention
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


class AttentionFilter(RadioFilter):
    """What needs attention among the rows of the list; there is none where that is nothing."""

    title = _("what needs attention")
    parameter_name = attention.FILTER

    @property
    def chosen(self) -> str:
        """What the list is narrowed to, in words: the list says so above its rows."""
        return dict(self.lookup_choices).get(self.value(), "")

    def lookups(self, request, model_admin):
        return [(item.key, item.label) for item in attention.items(model_admin.model)]

    def queryset(self, request, queryset):
        return attention.filtered(queryset, self.value(), request.user)
