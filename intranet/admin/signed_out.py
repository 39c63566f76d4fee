"""Forms sent by nobody, or with the token of an earlier session: shown once more, as typed."""

from copy import copy

from django.contrib import messages
from django.http import QueryDict
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy

from ..errors import themed
from ..trace.action import Via, begin
from .once import ask_anew

TYPED = "_typed"  # what a sign-in page carries of the form: neither files nor passwords
LOST = gettext_lazy("You were signed out meanwhile. What you sent was not saved.")
STALE = gettext_lazy(
    "You signed in again meanwhile. What you sent was not saved: look it over, choose files "
    "anew, and save it."
)


def sign_in_first(request, login, view):
    """Answer the form of somebody who is not signed in: `view` shows it again once they are."""
    if TYPED in request.POST:
        page = login(request, {TYPED[1:]: request.POST[TYPED]})
        if not request.user.is_authenticated:
            return page
        request.POST = QueryDict(request.POST[TYPED])
        ask_anew(request, STALE)
        with begin(request.user, Via.PAGE):  # by whoever that is now
            page = view(request)
            return page.render() if hasattr(page, "render") else page
    answer = view(request)
    if answer.get("Location", "").startswith(reverse("admin:login")):
        messages.error(request, LOST)
        if has_form(request):
            there = copy(request)
            there.method = "GET"
            return login(there, {TYPED[1:]: typed(request)})
    return answer


def has_form(request) -> bool:
    return resolve(request.path_info).func.__name__ in ("add_view", "change_view")


def typed(request) -> str:
    form = request.POST.copy()
    for name in [it for it in form if it == "csrfmiddlewaretoken" or "password" in it]:
        del form[name]
    return form.urlencode()


def csrf_failure(request, reason=""):
    """Show a form of this site again that has the token of an earlier session, and save nothing."""
    own = f"{request.scheme}://{request.get_host()}"
    is_own = request.headers.get("Origin") == own and request.user.is_authenticated
    if is_own and has_form(request) and ask_anew(request, STALE):
        request._dont_enforce_csrf_checks = True
        match = resolve(request.path_info)
        return match.func(request, *match.args, **match.kwargs)
    return themed(request, "403_csrf.html", 403)
