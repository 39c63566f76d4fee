"""Setting a password by mail: the links, and the four pages behind them."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model, views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.urls import path, reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordToggleWidget

from .links import site_url
from .mail import compose, send


def may_set_password(user) -> bool:
    """Return whether `user` can sign in, and so has a use for a password."""
    return user.is_active and user.is_staff


def valid_hours() -> int:
    """Return for how many hours a link works."""
    return settings.PASSWORD_RESET_TIMEOUT // 3600


def set_password_url(user) -> str:
    """Return the absolute address of the page on which `user` sets a password.

    It works once and for PASSWORD_RESET_TIMEOUT seconds; a new password, a sign-in or another
    e-mail address ends it earlier.
    """
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    return site_url(reverse("password_reset_confirm", args=[uid, token]))


class AskForLinkForm(PasswordResetForm):
    """Mails a link to whoever can sign in, also to those who never had a password."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def get_users(self, email):
        return filter(may_set_password, get_user_model().objects.filter(email__iexact=email))

    def save(self, **options):
        """Put the mails into the outbox; Django's options would build on the Host header."""
        for user in self.get_users(self.cleaned_data["email"]):
            facts = {"user": user, "url": set_password_url(user), "valid_hours": valid_hours()}
            send([compose("password_reset", user.email, facts)])


class ChoosePasswordForm(SetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "New password"
        self.fields["new_password2"].label = "The same once more"
        for field in self.fields.values():
            field.widget = UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": "new-password"})


class ThemedMixin:
    """Hands the theme's context to a page outside the admin."""

    def get_context_data(self, **kwargs):
        context = admin.site.each_context(self.request) | super().get_context_data(**kwargs)
        return context | {"valid_hours": valid_hours()}


class AskForLinkView(ThemedMixin, views.PasswordResetView):
    form_class = AskForLinkForm
    title = "Set a password"


class LinkSentView(ThemedMixin, views.PasswordResetDoneView):
    title = "Look into your mail"


class ChoosePasswordView(ThemedMixin, views.PasswordResetConfirmView):
    form_class = ChoosePasswordForm
    title = "Choose a password"

    def get_user(self, uidb64):
        """Return nobody for those who cannot sign in: Django's token outlives a deactivation."""
        user = super().get_user(uidb64)
        return user if user and may_set_password(user) else None


class PasswordSetView(ThemedMixin, views.PasswordResetCompleteView):
    title = "Your password is set"


urlpatterns = [
    path("", AskForLinkView.as_view(), name="admin_password_reset"),
    path("sent/", LinkSentView.as_view(), name="password_reset_done"),
    path("done/", PasswordSetView.as_view(), name="password_reset_complete"),
    path("<uidb64>/<token>/", ChoosePasswordView.as_view(), name="password_reset_confirm"),
]
