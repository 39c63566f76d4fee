"""People: accounts, profiles, rights."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from intranet.admin.base import SiteAdmin
from intranet.admin.filters import DayRangeFilter
from intranet.trace.action import current_actor
from intranet.wording import counted, when_files_go

from ..forms import PersonForm
from ..models import Department, Profile, User
from ..provenance import sources
from ..rights import can_remove, can_touch
from .actions import PeopleActions
from .each import people
from .exchange_pages import PeopleExchange
from .inlines import ProfileInline, is_leaver
from .invitations import InvitationActions, InvitationFilter
from .leaving import LeavingActions
from .presence import PresenceFilter
from .sign_ins import SignInActions

STARTED_ON = "profile__started_on"


@admin.register(User)
class UserAdmin(
    PeopleActions, InvitationActions, LeavingActions, SignInActions, PeopleExchange, SiteAdmin
):
    list_display = ["who", "job", "department", "group_names", "status", "invitation", "last_seen"]
    list_filter = [
        PresenceFilter,
        InvitationFilter,
        "is_active",
        "is_staff",
        ("profile__department", RelatedDropdownFilter),
        ("groups", RelatedDropdownFilter),
        ("profile__manager", AutocompleteSelectFilter),
        (STARTED_ON, DayRangeFilter),
    ]
    search_fields = [
        "first_name",
        "last_name",
        "username",
        "email",
        "profile__job_title",
        "profile__staff_number",
    ]
    search_help_text = "Name, e-mail, job or staff number"
    list_select_related = ["profile__department"]
    form = PersonForm
    filter_horizontal = ["user_permissions"]
    readonly_fields = [
        "where_from",
        "last_login",
        "date_joined",
        "invitation_story",
        "leaving_story",
        "newest_sign_ins",
    ]
    add_fieldsets = [
        (None, {"fields": [("first_name", "last_name"), ("email", "username")]}),
        ("Rights", {"fields": ["is_staff", "groups"]}),
    ]
    inlines = [ProfileInline]
    actions = [
        *PeopleActions.actions,
        *InvitationActions.actions,
        *LeavingActions.actions,
        *SignInActions.actions,
    ]
    actions_detail = [
        *InvitationActions.actions_detail,
        *LeavingActions.actions_detail,
        *SignInActions.actions_detail,
    ]
    first_tab = "Account"
    own_tabs = {"Rights": "", "Sign-ins": "staff.view_signin"}  # and the right to see it

    def get_inline_instances(self, request, obj=None):
        """Show everything on one page while somebody is being added, in tabs afterwards."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            inline.tab = obj is not None
        return inlines

    def get_queryset(self, request):
        return super().get_queryset(request).with_invitation().prefetch_related("groups")

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return self.add_fieldsets
        rights = ["groups", "where_from"]
        if request.user.is_superuser:
            rights += ["is_superuser", "user_permissions"]
        account = [
            ("first_name", "last_name"),
            ("email", "username"),
            ("is_staff", "is_active"),
            ("last_login", "date_joined"),
            "invitation_story",
            *(["leaving_story"] if is_leaver(obj) else []),
        ]
        fieldsets = [(None, {"fields": account}), ("Rights", {"fields": rights})]
        if request.user.has_perm("staff.view_signin"):
            fieldsets.append(("Sign-ins", {"fields": ["newest_sign_ins"]}))
        return fieldsets

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "groups":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.help_text = "Everybody is in the group for all; a department brings its own."
        if db_field.name == "user_permissions":
            field.queryset = field.queryset.select_related("content_type")
        return field

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, User) or can_touch(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (not isinstance(obj, User) or can_remove(request.user, obj))

    def get_deleted_objects(self, objs, request):
        """Name those whom the signed-in user cannot delete, instead of just refusing the page."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        spared = [person for person in objs if not can_remove(request.user, person)]
        if spared and super().has_delete_permission(request):
            lacking = lacking - {User._meta.verbose_name, Profile._meta.verbose_name}
        return to_delete, counts, lacking, [*protected, *(self._why(request, p) for p in spared)]

    def _why(self, request, person):
        return f"{person}: yourself" if person == request.user else f"{person}: a superuser"

    def consequences(self, request, objs):
        people_gone = [person.pk for person in objs]
        admins = User.objects.admins().exclude(pk__in=people_gone).count()
        reports = Profile.objects.filter(manager__in=people_gone).exclude(user__in=people_gone)
        departments = Department.objects.filter(head__in=people_gone)
        left_behind = [
            f"{counted(rows.count(), *words)}."
            for rows, words in [
                (reports, ("colleague loses their manager", "colleagues lose their manager")),
                (departments, ("department loses its head", "departments lose their head")),
            ]
            if rows.exists()
        ]
        return [
            f"The profile, papers and photo of {people(len(objs))} are deleted, and their files "
            f"are removed from the store {when_files_go('the deletion')}.",
            *left_behind,
            f"{counted(len(objs), 'farewell mail')} will be sent.",
            f"{counted(admins, 'admin')} will be told, by notice and by mail.",
            "This is final. For somebody who leaves, “Leaves…” keeps the papers.",
        ]

    def save_model(self, request, obj, form, change):
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    @display(description="Where they come from")
    def where_from(self, user):
        rows = sources(user, viewer=current_actor())
        line = '<li class="mb-2"><strong>{}</strong> ({})<br>{}</li>'
        items = ((source.name, source.origin, source.rights) for source in rows)
        return format_html("<ul>{}</ul>", format_html_join("", line, items))

    @display(description="Name", header=True, ordering="last_name")
    def who(self, user):
        photo = user.profile.photo if hasattr(user, "profile") else None
        picture = {"path": photo.url, "width": 32, "height": 32} if photo else None
        initials = (
            "".join(name[:1] for name in (user.first_name, user.last_name)) or user.username[:2]
        )
        return [user.name, user.email, initials, picture]

    @display(description="Job", ordering="profile__job_title")
    def job(self, user):
        return user.profile.job_title if hasattr(user, "profile") else ""

    @display(description="Department", ordering="profile__department__name")
    def department(self, user):
        return user.profile.department if hasattr(user, "profile") else None

    @display(description="Groups")
    def group_names(self, user):
        return ", ".join(sorted(group.name for group in user.groups.all()))

    @display(
        description="Status",
        ordering="is_active",
        label={
            "superuser": "warning",
            "can sign in": "success",
            "by mail": "info",
            "leaving": "warning",
        },
    )
    def status(self, user):
        profile = getattr(user, "profile", None)
        if profile and profile.departed_at:
            return "left"
        if not user.is_active:
            return "inactive"
        if profile and profile.left_on:
            return "leaving"
        if not user.is_staff:
            return "by mail"
        return "superuser" if user.is_superuser else "can sign in"

    @display(description="Last sign-in", ordering="last_login", empty_value="never")
    def last_seen(self, user):
        return f"{timesince(user.last_login, depth=1)} ago" if user.last_login else None
