"""People: accounts, profiles, rights."""

from django.contrib import admin
from django.forms.models import construct_instance
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import StackedInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter
from unfold.forms import PaginationInlineFormSet

from intranet.admin.base import SiteAdmin
from intranet.admin.filters import DayRangeFilter, OfManyFilter
from intranet.admin.search import AutocompleteFields, plain_choice

from ..forms import PersonForm, ProfileForm
from ..models import Profile, User
from ..profiles import carried, profile_of
from ..provenance import read_rights
from ..rights import can_remove, can_touch
from .actions import PeopleActions
from .by_department import PeopleByDepartment
from .displays import (
    department,
    group_names,
    job,
    last_seen,
    location,
    manager,
    phone,
    staff_number,
    started_on,
    status,
    where_from,
    who,
)
from .exchange_pages import PeopleExchange
from .head import head_of
from .invitations import InvitationActions, InvitationFilter, invitation
from .joining import JoinerFilter
from .leaving import LeavingActions, PresenceFilter, leaving_story
from .sign_ins import newest_sign_ins


class ProfileFormSet(PaginationInlineFormSet):
    """The one profile of a person."""

    def get_queryset(self):
        """Show the profile that was read with the person, and read it anew to save it."""
        shown = not self.is_bound and carried(self.instance)
        return [shown] if shown and shown.pk else super().get_queryset()

    def clean(self):
        """Have somebody new carry the day of the invitation: the first day, unless it was typed."""
        super().clean()
        if self.instance._state.adding and self.forms:
            form = self.forms[0]  # which has changed only for those who may add a profile
            typed = getattr(form, "cleaned_data", {}) if form.has_changed() else {}
            day = typed.get("invite_on") or typed.get("started_on")
            typed["invite_on"] = day if day and day > timezone.localdate() else None
            self.instance.profile = Profile(invite_on=typed["invite_on"])

    def save_new(self, form, commit=True):
        """Fill in the profile of a person who has one, unless it came with the person just now."""
        if form.instance._state.adding:
            form.instance = Profile.objects.get_or_create(user=self.instance)[0]
            construct_instance(form, form.instance, form._meta.fields, form._meta.exclude)
        return super().save_new(form, commit=commit)


class ProfileInline(AutocompleteFields, StackedInline):
    model = Profile
    fk_name = "user"
    form = ProfileForm
    formset = ProfileFormSet
    template = "staff/profile.html"
    can_delete = False
    min_num = max_num = 1
    tab = True
    hide_title = True
    verbose_name_plural = Profile._meta.verbose_name  # one, whether it can be changed or not
    autocomplete_fields = ["manager"]
    fields = [
        ("job_title", "department"),
        ("started_on", "manager"),
        "staff_number",
        ("phone", "location"),
        "photo",
    ]

    def get_fields(self, request, obj=None):
        """Ask for the day of the invitation as well, while somebody is being added."""
        if obj:
            return self.fields
        first, second, *others = self.fields
        return [first, second, "invite_on", *others]

    def has_add_permission(self, request, obj=None):
        """Offer no second profile, whose empty form would be drawn and hidden."""
        has_one = obj and profile_of(obj).pk
        return not has_one and super().has_add_permission(request, obj)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        return plain_choice(super().formfield_for_dbfield(db_field, request, **kwargs))


@admin.register(User)
class UserAdmin(
    PeopleActions,
    InvitationActions,
    LeavingActions,
    PeopleExchange,
    PeopleByDepartment,
    SiteAdmin,
):
    list_display = [who, job, department, status, invitation, last_seen]
    more_columns = [group_names, manager, phone, location, staff_number, started_on, "username"]
    list_filter = [
        PresenceFilter,
        JoinerFilter,
        InvitationFilter,
        "is_active",
        "is_staff",
        ("profile__department", RelatedDropdownFilter),
        ("groups", OfManyFilter),
        ("profile__manager", AutocompleteSelectFilter),
        ("profile__started_on", DayRangeFilter),
    ]
    search_fields = [
        "first_name",
        "last_name",
        "username",
        "email",
        "profile__job_title",
        "profile__staff_number",
        "profile__department__name",
    ]
    search_help_text = gettext_lazy("Name, e-mail, job, department or staff number")
    list_select_related = ["profile__department", "profile__manager"]
    change_form_outer_before_template = "staff/head.html"
    form = PersonForm
    filter_horizontal = ["user_permissions"]
    readonly_fields = [
        where_from,
        "last_login",
        "date_joined",
        leaving_story,
        newest_sign_ins,
    ]
    add_fieldsets = [
        (None, {"fields": [("first_name", "last_name"), ("email", "username"), "language"]}),
        (gettext_lazy("Rights"), {"fields": ["is_staff", "groups"]}),
    ]
    inlines = [ProfileInline]
    actions = [
        "activate",
        "deactivate",
        "add_to_group",
        "remove_from_group",
        "move_to_department",
        "invite_again",
        "call_off_invitation",
        "send_password_link",
        "leaves",
        "bring_back",
        "sign_out_everywhere",
    ]
    actions_detail = [
        "invite_person_again",
        "call_off_person_s_invitation",
        "send_person_password_link",
        "leave_person",
        "keep_person",
        "bring_person_back",
        "sign_person_out_everywhere",
    ]
    first_tab = gettext_lazy("Account")

    @property
    def own_tabs(self) -> dict[str, str]:
        """Return the tabs besides those of inlines, each with the right to see it."""
        return {_("Rights"): "", _("Sign-ins"): "staff.view_signin"}

    def get_inline_instances(self, request, obj=None):
        """Show everything on one page while somebody is being added, in tabs afterwards."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            inline.tab = obj is not None
        return inlines

    def get_more_columns(self, request):
        may = request.user.has_perm
        hidden = not (may("staff.view_profile") or may("staff.change_profile"))
        return [group_names] if hidden else self.more_columns

    def get_queryset(self, request):
        people = super().get_queryset(request)
        return people.select_related("profile__department", "profile__manager")

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj and request.method == "GET":
            read_rights(obj, request.user)
        return super().get_form(request, obj, change, **kwargs)

    def with_columns(self, request, rows):
        return rows.with_invitation()

    def render_change_form(self, request, context, *args, **kwargs):
        if user := self.as_stored(request, context.get("original")):
            context["head"] = head_of(request, user, self)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return self.add_fieldsets
        rights = ["groups", where_from]
        if request.user.is_superuser:
            rights += ["is_superuser", "user_permissions"]
        account = [
            ("first_name", "last_name"),
            ("email", "username"),
            ("is_staff", "is_active"),
            "language",
            ("last_login", "date_joined"),
            *([leaving_story] if profile_of(obj).left_on else []),
        ]
        fieldsets = [(None, {"fields": account}), (_("Rights"), {"fields": rights})]
        if request.user.has_perm("staff.view_signin"):
            fieldsets.append((_("Sign-ins"), {"fields": [newest_sign_ins]}))
        return fieldsets

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, User) or can_touch(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (not isinstance(obj, User) or can_remove(request.user, obj))
