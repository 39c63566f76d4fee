"""Sign-ins: the record of all, and the newest on a person's page."""

from django.contrib import admin
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from intranet.admin.base import ReadOnlyAdmin
from intranet.admin.filters import ChoicesFilter, DayRangeFilter
from intranet.templatetags.look import table_of

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
    list_display = ["at", "state", "username", "user", "address", "browser"]
    list_filter = [
        ("kind", ChoicesFilter),
        ("at", DayRangeFilter),
        ("user", AutocompleteSelectFilter),
    ]
    search_fields = ["username", "address"]
    search_help_text = _("Name as typed, or address")
    list_select_related = ["user"]
    fields = ["at", "kind", "username", "user", "address", "browser", "user_agent"]
    readonly_fields = ["browser"]

    @display(description=_("what"), ordering="kind", label=COLOURS)
    def state(self, sign_in):
        return sign_in.kind, sign_in.get_kind_display()

    @display(description=_("browser"), ordering="user_agent")
    def browser(self, sign_in):
        return sign_in.browser


@display(description=_("Newest sign-ins"))
@asked_once
def newest_sign_ins(user):
    rows = [
        [
            date_format(localtime(it.at), "DATETIME_FORMAT"),
            it.get_kind_display(),
            it.address or "-",
            it.browser,
        ]
        for it in user.sign_ins.all()[:NEWEST]
    ]
    if not rows:
        return ""
    table = {"headers": [_("when"), _("what"), _("from"), _("browser")], "rows": rows}
    url = f"{reverse('admin:staff_signin_changelist')}?user__id__exact={user.pk}"
    link = format_html('<p class="mt-3"><a class="text-link" href="{}">{}</a></p>', url, _("All"))
    return table_of(table) + link
