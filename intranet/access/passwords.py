"""Setting a password by mail: the pages behind the links of password_links.py."""

from axes.utils import reset
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model, views
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.shortcuts import redirect
from django.urls import path, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordToggleWidget

from ..addresses import AddressFormField
from .password_links import mail_asked_link, may_set_password, person_behind, tokens, valid_hours
from .signing_in import WhileFree

OPENED = "password_token"  # cookie with the token of the link that was opened
IN_COOKIE = "set-password"  # stands in the address instead of the token


class AskForLinkForm(WhileFree, PasswordResetForm):
    """Mails a link to whoever can sign in, also to those who never had a password."""

    email = AddressFormField(
        label=_("E-mail address"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email", "autofocus": True}),
    )

    def get_users(self, email):
        return filter(may_set_password, get_user_model().objects.at_address(email))

    def save(self, **options):
        """Put the mails into the outbox; Django's options would build on the Host header."""
        for user in self.get_users(self.cleaned_data["email"]):
            mail_asked_link(user)


class PasswordAlone:
    """Joined to a form that sets a password: it writes nothing else of a row that may have changed.

    Hashing takes long enough for somebody to be deactivated meanwhile.
    """

    def save(self, commit=True):
        user = super().save(commit=False)
        if commit:
            user.save(update_fields=["password"])
        return user


class OwnPasswordForm(PasswordAlone, AdminOwnPasswordChangeForm):
    """Asks for the old password, too."""


class ChoosePasswordForm(PasswordAlone, SetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password2"].label = _("The same once more")
        for field in self.fields.values():
            field.widget = UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": "new-password"})


class ThemedMixin:
    """Hands the theme's context to a page outside the admin."""

    def get_context_data(self, **kwargs):
        context = admin.site.each_context(self.request) | super().get_context_data(**kwargs)
        return context | {"valid_hours": valid_hours()}


class AskForLinkView(ThemedMixin, views.PasswordResetView):
    form_class = AskForLinkForm
    title = _("Set a password")


class LinkSentView(ThemedMixin, views.PasswordResetDoneView):
    title = _("Look into your mail")


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class ChoosePasswordView(ThemedMixin, FormView):
    """Takes a link's token out of the address into a cookie, then asks for a password.

    Opening the page changes nothing, however often: mail scanners do so too. The token is kept by
    the browser alone, as a session would write it into the database.
    """

    template_name = "registration/password_reset_confirm.html"
    form_class = ChoosePasswordForm
    success_url = reverse_lazy("password_reset_complete")

    def dispatch(self, request, person, token):
        self.user = person_behind(person)
        in_address = token != IN_COOKIE
        if not in_address:
            token = request.COOKIES.get(OPENED)
        self.is_alive = self.user is not None and tokens.check_token(self.user, token)
        if not self.is_alive:
            return self.render_to_response(self.get_context_data(form=None))
        if in_address:
            return self.keep(redirect("password_reset_confirm", person, IN_COOKIE), token)
        return super().dispatch(request, person, token)

    def keep(self, response, token):
        response.set_cookie(
            OPENED,
            token,
            path=reverse_lazy("admin_password_reset"),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.user}

    def get_context_data(self, **kwargs):
        facts = {"title": _("Choose a password"), "validlink": self.is_alive}
        return super().get_context_data(**kwargs) | facts | {"person": self.kwargs["person"]}

    def form_valid(self, form):
        form.save()
        reset(username=form.user.get_username())  # failed sign-ins count no more
        response = super().form_valid(form)
        response.delete_cookie(OPENED, path=reverse_lazy("admin_password_reset"))
        return response


def change_own_password(request):
    """Let the signed-in person change their password, on the page of the theme."""
    view = views.PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse_lazy("admin:password_change_done"),
        extra_context=admin.site.each_context(request),
    )
    return view(request)


@require_POST
def mail_fresh_link(request, person):
    """Mail a new link to whom a dead one was made for; the answer does not say whether it was."""
    if user := person_behind(person):
        mail_asked_link(user)
    return redirect("password_reset_done")


class PasswordSetView(ThemedMixin, views.PasswordResetCompleteView):
    title = _("Your password is set")


urlpatterns = [
    path("", AskForLinkView.as_view(), name="admin_password_reset"),
    path("sent/", LinkSentView.as_view(), name="password_reset_done"),
    path("done/", PasswordSetView.as_view(), name="password_reset_complete"),
    path("<person>/new/", mail_fresh_link, name="password_reset_fresh"),
    path("<person>/<token>/", ChoosePasswordView.as_view(), name="password_reset_confirm"),
]
