"""Invitations on the people pages: how far somebody is, inviting, and links to a new password."""

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import CheckboxFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSingleDateWidget

from intranet.access.password_links import mail_link, may_set_password
from intranet.admin.bulk import asking, each, telling
from intranet.admin.filters import as_offered

from .. import inviting
from ..forms import day_to_come
from ..invitations import Invitation
from ..models import User
from ..profiles import profile_of, with_profiles
from ..rights import can_touch

COLOURS = {
    Invitation.PLANNED: "info",
    Invitation.NOT_INVITED: "warning",
    Invitation.QUEUED: "info",
    Invitation.SENT: "info",
    Invitation.FAILED: "danger",
    Invitation.EXPIRED: "warning",
    Invitation.JOINED: "success",
}


class InvitationFilter(CheckboxFilter):
    title = gettext_lazy("invitation")
    parameter_name = "invitation"

    def lookups(self, request, model_admin):
        return as_offered(Invitation.choices)

    def queryset(self, request, queryset):
        states = self.value()
        return queryset.with_invitation_in(states) if states else queryset


@display(description=gettext_lazy("Invitation"), label=COLOURS)
def invitation(user):
    """Show the state, with what the mail server said when the mouse rests on it.

    Whoever does not sign in has none; the status says that.
    """
    state = Invitation(user.invitation)
    if state == Invitation.NO_SIGN_IN:
        return None
    if not user.invitation_error:
        return state, state.label
    return state, format_html('<span title="{}">{}</span>', user.invitation_error, state.label)


class InvitingForm(forms.Form):
    day = forms.DateField(
        required=False,
        label=gettext_lazy("Goes out on"),
        help_text=gettext_lazy(
            "At once when this is empty or today; on the morning of the day otherwise."
        ),
        widget=UnfoldAdminSingleDateWidget,
        validators=[day_to_come],
    )


def first_day(people) -> dict:
    """Return the day that is offered: the first one of all who are chosen, if that is to come."""
    days = people.order_by().values_list("profile__started_on", flat=True).distinct()[:2]
    ahead = [it for it in days if it and it > timezone.localdate()]
    return {"day": ahead[0]} if len(days) == len(ahead) == 1 else {}


def has_joined(user: User) -> bool:
    return may_set_password(user) and user.has_usable_password()


class InvitationActions:
    """How people are invited, also once more, and get a new password."""

    @asking(
        gettext_lazy("Send invitation…"),
        form=InvitingForm,
        initial=first_day,
        icon="forward_to_inbox",
        fits=inviting.is_invitable,
    )
    def invite_again(self, request, queryset, day):
        """Mail the invitation, and the welcome to those who do not sign in; or plan that."""

        def invite(user):
            return inviting.invite(user, day)

        said = telling("Invitation mailed to %(name)s", "Invitations mailed to %(count)s people")
        if day and day > timezone.localdate():
            said = telling(
                "Invitation of %(name)s planned for %(day)s",
                "Invitations of %(count)s people planned for %(day)s",
                day=date_format(day),
            )
        same = _("they left, are switched off or have joined")
        each(request, with_profiles(queryset), invite, can_touch, same=same, said=said)

    invite_person_again = invite_again

    @asking(
        gettext_lazy("Call off invitation"),
        icon="cancel_schedule_send",
        fits=lambda user: profile_of(user).invite_on,
    )
    def call_off_invitation(self, request, queryset):
        said = telling(
            "Invitation of %(name)s called off", "Invitations of %(count)s people called off"
        )
        people, same = with_profiles(queryset), _("no invitation is planned")
        each(request, people, inviting.call_off, can_touch, same=same, said=said)

    call_off_person_s_invitation = call_off_invitation

    @asking(gettext_lazy("Send password link"), icon="key", fits=has_joined)
    def send_password_link(self, request, queryset):
        """Mail a link to a new password to those who have one; others are invited."""

        def send(user):
            if not has_joined(user):
                return False
            mail_link("password_link", user)
            return True

        said = telling(
            "Password link mailed to %(name)s", "Password links mailed to %(count)s people"
        )
        same = _("they cannot sign in, or have not chosen a password yet")
        each(request, with_profiles(queryset), send, can_touch, same=same, said=said)

    send_person_password_link = send_password_link
