"""Sign-ins: the record of all, and the newest on a person's page."""

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesCheckboxFilter
from unfold.decorators import display

from intranet.admin.base import ReadOnlyAdmin
from intranet.admin.filters import DayRangeFilter

from ..models import SignIn
from .displays import asked_once

NEWEST = 20
COLOURS = {
    SignIn.Kind.SIGNED_IN: "success",
    SignIn.Kind.SIGNED_OUT: "",
    SignIn.Kind.FAILED: "danger",
}


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
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


@display(description="Newest sign-ins")
@asked_once
def newest_sign_ins(user):
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
    link = format_html('<p class="mt-3"><a class="text-link" href="{}">All of them</a></p>', url)
    return render_to_string("unfold/components/table.html", {"table": table}) + link
