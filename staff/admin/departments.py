"""Departments and the groups that come with them."""

from django.contrib import admin
from django.db.models import OuterRef
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from intranet.admin.base import SiteAdmin
from intranet.admin.keys_first import number_of

from ..forms import DepartmentForm
from ..models import Department, Profile, User
from ..profiles import profile_of
from ..roles import can_grant

OFF = User.objects.filter(is_active=False)  # few, of whom an index knows
SIZE = number_of(
    Profile.objects.filter(department=OuterRef("pk")).exclude(user__in=OFF.order_by().values("pk"))
)


class HeadFilter(RadioFilter):
    title = _lazy("head")
    parameter_name = "head"

    def lookups(self, request, model_admin):
        return [("none", _("Nobody, or somebody who left"))]

    def queryset(self, request, queryset):
        return queryset.headless() if self.value() == "none" else queryset


@admin.register(Department)
class DepartmentAdmin(SiteAdmin):
    list_display = ["name", "shown_head", "size", "group_names"]
    list_filter = [HeadFilter]
    search_fields = ["name"]
    list_select_related = ["head__profile"]
    autocomplete_fields = ["head"]
    form = DepartmentForm
    fields = ["name", "head", "groups"]

    def with_columns(self, request, rows):
        return rows.annotate(size=SIZE).prefetch_related("groups")

    def follow(self, form):
        people = Profile.objects.filter(department=form.instance.pk)
        return people.count() if "groups" in form.changed_data else 0

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or can_grant(request.user, obj.groups.all()))

    @display(description=_lazy("Head"), ordering="head__last_name")
    def shown_head(self, department):
        head = department.head
        if head and profile_of(head).departed_at:
            red = '{} <span class="text-red-700 dark:text-red-500">{}</span>'
            return format_html(red, head, _("left"))
        return head

    @display(description=_lazy("People"), ordering=SIZE)
    def size(self, department):
        return department.size

    @display(description=_lazy("Groups"))
    def group_names(self, department):
        return ", ".join(str(group) for group in department.groups.all())
