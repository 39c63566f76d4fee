"""Departments and the groups that come with them."""

from django.contrib import admin
from django.db.models import Count, Q
from unfold.decorators import display

from intranet.admin.base import SiteAdmin

from ..forms import DepartmentForm
from ..models import Department
from ..roles import can_grant


@admin.register(Department)
class DepartmentAdmin(SiteAdmin):
    list_display = ["name", "head", "size", "group_names"]
    search_fields = ["name"]
    ordering = ["name"]  # counting people drops the model's own
    list_select_related = ["head"]
    autocomplete_fields = ["head"]
    form = DepartmentForm
    fields = ["name", "head", "groups"]

    def get_queryset(self, request):
        active = Count("profiles", filter=Q(profiles__user__is_active=True))
        return super().get_queryset(request).annotate(size=active).prefetch_related("groups")

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or can_grant(request.user, obj.groups.all()))

    @display(description="People", ordering="size")
    def size(self, department):
        return department.size

    @display(description="Groups")
    def group_names(self, department):
        return ", ".join(group.name for group in department.groups.all())
