"""Invitations on the people pages: how far somebody is, and inviting again."""

from django import forms
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import CheckboxFilter
from unfold.decorators import action, display

from intranet.access.password_links import valid_hours
from intranet.admin import bulk
from intranet.wording import counted

from .. import mails
from ..invitations import Invitation
from ..models import User
from ..rights import can_touch
from .each import PersonByPerson, people

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


class InvitationActions(PersonByPerson):
    """What the people pages show of invitations, and how they are repeated."""

    actions = ["invite_again"]
    actions_detail = ["invite_person_again"]

    @display(description="Invitation", ordering="invitation", label=COLOURS)
    def invitation(self, user):
        """Show the state, with what the mail server said when the mouse rests on it."""
        state = user.invitation
        if not user.invitation_error:
            return state
        return state, format_html('<span title="{}">{}</span>', user.invitation_error, state)

    @display(description="Invitation")
    def invitation_story(self, user):
        link = getattr(user, "password_link", None)
        if user.invitation in (Invitation.NO_SIGN_IN, Invitation.JOINED) or not link:
            return user.invitation
        words = f"; the mail server said: {user.invitation_error}" if user.invitation_error else ""
        made = date_format(localtime(link.made_at), "DATETIME_FORMAT")
        return f"{user.invitation}{words} (link made on {made})"

    @action(
        description="Invite again, or welcome again those without sign-in", permissions=["change"]
    )
    def invite_again(self, request, queryset):
        return self._invite(request, queryset)

    @action(description="Invite again", permissions=["change"], icon="forward_to_inbox")
    def invite_person_again(self, request, object_id):
        page = reverse("admin:staff_user_change", args=[object_id])
        return self._invite(request, self.one(request, object_id), page) or redirect(page)

    def get_actions_detail(self, request, object_id):
        """Offer an invitation to those who may get one."""
        offered = super().get_actions_detail(request, object_id)
        user = self.get_object(request, object_id)
        if user and is_invitable(user):
            return offered
        return [it for it in offered if not it.action_name.endswith("_invite_person_again")]

    def _invite(self, request, queryset, cancel=""):
        title, says = "Invite again", consequences(queryset)
        _, page = bulk.ask(self, request, queryset, forms.Form, title, title, says, cancel)
        if page:
            return page

        def allowed(user):
            return can_touch(request.user, user)

        def invite(user):
            if not is_invitable(user):
                return False
            mails.send_welcome(user, "default")
            return True

        return self.each(request, queryset, allowed, invite, "sent a mail")


def is_invitable(user: User) -> bool:
    """Return whether a welcome mail tells somebody anything: not who left or has joined."""
    return user.is_active and not (user.is_staff and user.has_password)


def consequences(queryset) -> list[str]:
    """Return what inviting these people again does."""
    there = queryset.with_invitation().filter(is_active=True)
    joined = there.filter(invitation=Invitation.JOINED).count()
    by_mail = there.filter(invitation=Invitation.NO_SIGN_IN).count()
    invited = there.count() - joined - by_mail
    link = f"works once, for {valid_hours()} hours; one mailed earlier ends"
    sentences = {
        f"{counted(invited, 'invitation')} will be mailed. The link in it {link}.": invited,
        f"{people(by_mail)} without sign-in will get the welcome mail again.": by_mail,
        f"{people(joined)} who joined already will get nothing.": joined,
    }
    return [sentence for sentence, count in sentences.items() if count]
