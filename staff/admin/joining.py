"""Who joins this month: a filter for lists of people or of profiles."""

from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RadioFilter

from intranet.trigrams import FEW, among

from ..dashboard import newcomers
from ..models import Profile


class JoinerFilter(RadioFilter):
    title = _("joining")
    parameter_name = "joining"

    def lookups(self, request, model_admin):
        return [("month", _("This month"))]

    def queryset(self, request, queryset):
        """Look for them once, not again in each query of the list."""
        if self.value() != "month":
            return queryset
        key = "pk" if queryset.model is Profile else "user"
        found = list(newcomers().values_list(key, flat=True)[: FEW + 1])
        if len(found) > FEW:
            return queryset.filter(pk__in=newcomers().values(key))
        return queryset.filter(pk__in=among(queryset.model, found, queryset.db))
