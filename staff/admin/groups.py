"""Groups: named bundles of rights, some of them roles that the site keeps in step by itself."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Count
from unfold.decorators import display

from intranet.admin.base import SiteAdmin
from staff.roles import roles

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, SiteAdmin):
    list_display = ["name", "members", "used_by"]
    fields = ["name", "used_by", "permissions"]
    readonly_fields = ["used_by"]

    def get_queryset(self, request):
        groups = super().get_queryset(request).prefetch_related("department_set")
        return groups.annotate(people=Count("user"))

    def has_change_permission(self, request, obj=None):
        """A role is read from the code after every update; what is changed here would be lost."""
        return not is_role(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return not is_role(obj) and super().has_delete_permission(request, obj)

    def consequences(self, request, objs):
        people = sum(group.user_set.count() for group in objs)
        departments = sum(group.department_set.count() for group in objs)
        return [
            f"{people} {'person loses' if people == 1 else 'people lose'} the rights of "
            f"{'this group' if len(objs) == 1 else 'these groups'}.",
            f"{departments} {'department gives' if departments == 1 else 'departments give'} "
            "them to newcomers no longer.",
        ]

    @display(description="People", ordering="people")
    def members(self, group):
        return group.people

    @display(description="Used by")
    def used_by(self, group):
        """Say where the group comes from: a role of the site, departments, or neither."""
        if group is None or group.pk is None:
            return "-"
        uses = ["a role of the site"] if is_role(group) else []
        uses += [f"department {department}" for department in group.department_set.all()]
        return ", ".join(uses) or "-"


def is_role(group) -> bool:
    return group is not None and group.name in roles()
