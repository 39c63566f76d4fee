"""Who is here and who has left, on the lists of people."""

from copy import copy

from unfold.contrib.filters.admin import RadioFilter

from intranet.wording import counted


class PresenceFilter(RadioFilter):
    """Hides those who left, unless asked for."""

    title = "presence"
    parameter_name = "presence"
    all_option = ["", "Those who are here"]
    profile = "profile__"  # from the listed rows to the profile

    def lookups(self, request, model_admin):
        return [("leaving", "Leaving soon"), ("left", "Left"), ("everybody", "All, also who left")]

    def queryset(self, request, queryset):
        if self.value() == "everybody":
            return queryset
        left = {f"{self.profile}departed_at__isnull": False}
        if self.value() == "left":
            return queryset.filter(**left)
        there = queryset.exclude(**left)
        if self.value() == "leaving":
            return there.filter(**{f"{self.profile}left_on__isnull": False})
        return there


class DirectoryPresenceFilter(PresenceFilter):
    profile = ""


class SaysWhoLeft:
    """For a list with a presence filter: a search says how many it hides, and leads to them."""

    list_before_template = "staff/who_left.html"

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        shown = (getattr(page, "context_data", None) or {}).get("cl")
        if shown and shown.query and any(hides_leavers(spec) for spec in shown.filter_specs):
            there = copy(request)
            there.GET = request.GET.copy()
            there.GET.pop("p", None)
            there.GET["presence"] = "left"
            if count := self.get_changelist_instance(there).result_count:
                says = counted(count, "person who left matches", "people who left match")
                page.context_data["who_left"] = {"says": says, "url": f"?{there.GET.urlencode()}"}
        return page


def hides_leavers(spec) -> bool:
    return isinstance(spec, PresenceFilter) and not spec.value()
