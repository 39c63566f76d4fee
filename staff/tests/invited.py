"""People who are invited, and the links mailed to them."""

import re
from datetime import timedelta

from django.utils import timezone

from intranet.access.models import PasswordLink
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from staff.invitations import Invitation
from staff.models import User

LINK = re.compile(r"https://intranet\.test(/admin/password_reset/\S+)")
DEAD = "This link does not work any more"
NEW = {"new_password1": "pear tree lane 7", "new_password2": "pear tree lane 7"}


def invite(username="ada", **fields):
    """Create somebody who can sign in and has no password yet, as the add page does."""
    fields.setdefault("is_staff", True)
    return User.objects.create_user(username, f"{username}@example.com", **fields)


def link_in(mail):
    return LINK.search(text_of(mail))[1]


def link_of(user):
    """Return the path of the link in the newest mail to somebody."""
    return link_in(Mail.objects.filter(to=user.email).latest("pk"))


def works(client, link):
    return DEAD not in client.get(link, follow=True).content.decode()


def state(user):
    """Return the state of somebody, by which alone a list finds them."""
    shown = User.objects.with_invitation().get(pk=user.pk).invitation
    one = User.objects.filter(pk=user.pk)
    assert [it for it in Invitation if one.with_invitation_in([it]).exists()] == [shown]
    return shown


def age_link(user, **age):
    """Let the link of somebody have been mailed that long ago."""
    then = timezone.now() - timedelta(**age)
    PasswordLink.objects.filter(user=user).update(made_at=then)
    Mail.objects.filter(to=user.email).update(sent_at=then)
