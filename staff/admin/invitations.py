"""Invitations on the people pages: how far somebody is, and inviting again."""

from django.utils.html import format_html
from unfold.contrib.filters.admin import CheckboxFilter
from unfold.decorators import display

from intranet.admin.bulk import asking, each

from .. import mails
from ..invitations import Invitation
from ..models import User
from ..profiles import with_profiles
from ..rights import can_touch

COLOURS = {
    Invitation.NOT_INVITED: "warning",
    Invitation.QUEUED: "info",
    Invitation.SENT: "info",
    Invitation.FAILED: "danger",
    Invitation.EXPIRED: "warning",
    Invitation.JOINED: "success",
}


class InvitationFilter(CheckboxFilter):
    title = "invitation"
    parameter_name = "invitation"

    def lookups(self, request, model_admin):
        return [(state.value, state.value) for state in Invitation]

    def queryset(self, request, queryset):
        return queryset.filter(invitation__in=self.value()) if self.value() else queryset


def is_invitable(user: User) -> bool:
    """Return whether a welcome mail tells somebody anything: not who left or has joined."""
    return user.is_active and not (user.is_staff and user.has_usable_password())


@display(description="Invitation", ordering="invitation", label=COLOURS)
def invitation(user):
    """Show the state, with what the mail server said when the mouse rests on it."""
    state = user.invitation
    if not user.invitation_error:
        return state
    return state, format_html('<span title="{}">{}</span>', user.invitation_error, state)


class InvitationActions:
    """How invitations are repeated."""

    @asking(
        "Invite again",
        icon="forward_to_inbox",
        fits=is_invitable,
    )
    def invite_again(self, request, queryset):
        """Mail the invitation once more, and the welcome to those who do not sign in."""

        def invite(user):
            if not is_invitable(user):
                return False
            mails.send_welcome(user)
            return True

        each(request, with_profiles(queryset), invite, can_touch)

    invite_person_again = invite_again
