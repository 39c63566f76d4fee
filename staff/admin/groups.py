"""Groups: named bundles of rights, some of them roles that the site keeps in step by itself."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.decorators import display

from intranet.access.held import permissions_of
from intranet.admin.base import SiteAdmin
from intranet.admin.keys_first import number_of

from ..models import User
from ..rights import can_edit_group
from ..roles import roles

PEOPLE = number_of(User.groups.through.objects.filter(group=OuterRef("pk")))

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, SiteAdmin):
    list_display = ["called", "members", "used_by"]
    readonly_fields = ["called", "used_by"]

    def with_columns(self, request, rows):
        return rows.annotate(people=PEOPLE).prefetch_related("department_set")

    def get_fields(self, request, obj=None):
        name = "name" if obj is None or may_edit(request.user, obj) else "called"
        return [name, "used_by", "permissions"]

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and may_edit(request.user, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and may_edit(request.user, obj)

    def follow(self, form):
        members = User.groups.through.objects.filter(group=form.instance.pk)
        return members.count() if "permissions" in form.changed_data else 0

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        """Offer the permissions that the signed-in user holds; nobody can hand out others."""
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if not request.user.is_superuser:
            held = permissions_of(request.user).values("pk")
            field.queryset = field.queryset.filter(pk__in=held)
        return field

    @display(description=_lazy("Name"), ordering="name")
    def called(self, group):
        return str(group)

    @display(description=_lazy("People"), ordering=PEOPLE)
    def members(self, group):
        return group.people

    @display(description=_lazy("Used by"))
    def used_by(self, group):
        """Say where the group comes from: a role of the site, departments, or neither."""
        if group.pk is None:
            return "-"
        uses = [_("a role of the site")] if group.name in roles() else []
        uses += [_("department %(name)s") % {"name": it} for it in group.department_set.all()]
        return ", ".join(uses) or "-"


def may_edit(actor, group) -> bool:
    """A role is read from the code after every update; what is changed here would be lost."""
    return group is None or (group.name not in roles() and can_edit_group(actor, group))
