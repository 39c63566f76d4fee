"""Sign-ins: the record of all, the newest on a person's page, and ending sessions."""

from django import forms
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesCheckboxFilter
from unfold.decorators import action, display

from intranet.admin import bulk
from intranet.admin.base import ReadOnlyAdmin
from intranet.admin.filters import DayRangeFilter

from .. import sessions
from ..models import SignIn
from ..rights import can_touch
from .each import PersonByPerson, people

NEWEST = 20
COLOURS = {
    SignIn.Kind.SIGNED_IN: "success",
    SignIn.Kind.SIGNED_OUT: "",
    SignIn.Kind.FAILED: "danger",
}


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    deleted_with_owner = True
    list_display = ["at", "state", "username", "user", "address", "user_agent"]
    list_filter = [
        ("kind", ChoicesCheckboxFilter),
        ("at", DayRangeFilter),
        ("user", AutocompleteSelectFilter),
    ]
    search_fields = ["username", "address"]
    search_help_text = "Name as typed, or address"
    list_select_related = ["user"]
    fields = ["at", "kind", "username", "user", "address", "user_agent"]

    @display(description="what", ordering="kind", label=COLOURS)
    def state(self, sign_in):
        return sign_in.kind, sign_in.get_kind_display()


class SignInActions(PersonByPerson):
    """What the people pages show of sign-ins, and how sessions are ended."""

    actions = ["sign_out_everywhere"]
    actions_detail = ["sign_person_out_everywhere"]

    @display(description="Newest sign-ins")
    def newest_sign_ins(self, user):
        rows = [
            [
                date_format(localtime(it.at), "DATETIME_FORMAT"),
                it.get_kind_display(),
                it.address or "-",
                it.user_agent,
            ]
            for it in user.sign_ins.all()[:NEWEST]
        ]
        table = {"headers": ["when", "what", "from", "browser"], "rows": rows}
        url = f"{reverse('admin:staff_signin_changelist')}?user__id__exact={user.pk}"
        link = format_html(
            '<p class="mt-3"><a class="text-link" href="{}">All of them</a></p>', url
        )
        return render_to_string("unfold/components/table.html", {"table": table}) + link

    @action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request, queryset):
        return self._sign_out(request, queryset)

    @action(description="Sign out everywhere", permissions=["change"], icon="devices_off")
    def sign_person_out_everywhere(self, request, object_id):
        page = reverse("admin:staff_user_change", args=[object_id])
        return self._sign_out(request, self.one(request, object_id), page) or redirect(page)

    def _sign_out(self, request, queryset, cancel=""):
        title = "Sign out everywhere"
        says = [
            f"All open sessions of {people(queryset.count())} end, on every device.",
            "Your own session here stays. Everybody can sign in again with their password.",
        ]
        _, page = bulk.ask(self, request, queryset, forms.Form, title, "Sign out", says, cancel)
        if page:
            return page

        def end(user):
            sessions.end(user)
            if user == request.user:
                update_session_auth_hash(request, user)
            return True

        return self.each(
            request, queryset, lambda user: can_touch(request.user, user), end, "signed out"
        )
