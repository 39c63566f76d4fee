"""Signing in: who may, and how often it may fail."""

from axes.backends import AxesStandaloneBackend
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy
from unfold.forms import AuthenticationForm

from ..errors import themed
from ..locks import is_free
from .held import permissions_of
from .password_links import may_set_password

PATIENCE = 5  # seconds
BUSY = gettext_lazy(
    "The site is busy with something long, and nobody can sign in meanwhile. "
    "Please try again in a minute."
)


class WhileFree:
    """Joined to a form that has to write: while something long is written, it says so.

    It looks up nobody then, so that it says and takes the same for every name. The wait is one,
    and so short that no process of the web server is kept from answering others.
    """

    def clean(self):
        if not is_free(PATIENCE):
            raise ValidationError(BUSY)
        return super().clean()


class SignInForm(WhileFree, AuthenticationForm):
    """Writes down whoever signs in or fails to."""


class Throttle(AxesStandaloneBackend):
    """Refuses a name from an address where it failed too often, before a password is hashed.

    Code that signs somebody in without a request comes from no address and is let through.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        if request is not None:
            super().authenticate(request, username, password, **kwargs)


class SignInBackend(ModelBackend):
    """Knows only those who can sign in; to all others it says what it says to strangers."""

    def user_can_authenticate(self, user):
        return may_set_password(user)

    def get_all_permissions(self, user_obj, obj=None):
        """Ask once for what was given by hand and by groups, where Django asks for each."""
        is_asked = not hasattr(user_obj, "_perm_cache")
        if is_asked and user_obj.is_active and not user_obj.is_superuser:
            held = permissions_of(user_obj).order_by()
            codes = held.values_list("content_type__app_label", "codename")
            user_obj._perm_cache = {f"{app}.{codename}" for app, codename in codes}
        return super().get_all_permissions(user_obj, obj)


def locked_out(request, response, credentials):
    """Answer a sign-in that is held up; the same for names that nobody has."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    page = themed(request, "intranet/locked_out.html", 429, minutes=minutes)
    page["Retry-After"] = str(minutes * 60)
    return page
