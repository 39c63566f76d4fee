"""Who joins this month: a filter for lists of people or of profiles."""

from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RadioFilter

from ..dashboard import joined
from ..models import Profile


class JoinerFilter(RadioFilter):
    title = _("joining")
    parameter_name = "joining"

    def lookups(self, request, model_admin):
        return [("month", _("This month"))]

    def queryset(self, request, queryset):
        if self.value() != "month":
            return queryset
        if queryset.model is Profile:
            return queryset.filter(joined())
        return queryset.filter(pk__in=Profile.objects.filter(joined()).order_by().values("user"))
