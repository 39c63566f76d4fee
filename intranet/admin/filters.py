"""List filters that the theme's "Apply filters" button keeps."""

from django import forms
from django.db.models import DateTimeField
from unfold.contrib.filters.admin import RangeDateFilter


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both included, on a date with or without a time.

    Days are read as the page's language writes them; the theme's own filter reads 3/4 as 4 March.
    """

    def queryset(self, request, queryset):
        date = "__date" if isinstance(self.field, DateTimeField) else ""
        for end, lookup in (("from", "gte"), ("to", "lte")):
            if day := self.day(end):
                queryset = queryset.filter(**{f"{self.field_path}{date}__{lookup}": day})
        return queryset

    def day(self, end: str):
        """Return the day that was typed at one end; None when there is none or it is no day."""
        try:
            return forms.DateField(required=False).clean(
                self.used_parameters.get(f"{self.parameter_name}_{end}")
            )
        except forms.ValidationError:
            return None
