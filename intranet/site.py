"""The site of all admin pages; outside `admin`, whose pages are registered with it meanwhile."""

from functools import partial, update_wrapper

from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

from .sidebar import title_at


class Site(UnfoldAdminSite):
    def get_app_list(self, request, app_label=None):
        """Find out when it is shown: each page is given it, and hardly one shows it."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def admin_view(self, view, cacheable=False):
        """Have a form that was sent by nobody shown again, once its sender is signed in."""
        checked = super().admin_view(view, cacheable)

        def answer(request, *args, **kwargs):
            if request.method != "POST" or request.user.is_authenticated:
                return checked(request, *args, **kwargs)
            from .admin.signed_out import sign_in_first

            return sign_in_first(request, self.login, lambda it: checked(it, *args, **kwargs))

        return update_wrapper(answer, checked)

    def login(self, request, extra_context=None):
        """Say only why nobody was signed in, not how many errors that makes."""
        return super().login(request, {"wrong": 0} | (extra_context or {}))

    def search(self, request, extra_context=None):
        """Say where nothing is found: the theme takes a list out of its page, if there is one."""
        page = super().search(request, extra_context)
        context = getattr(page, "context_data", {})
        if "extended" in request.GET and "results" in context and not context["results"]:
            page.template_name = "intranet/nothing_found.html"
        return page

    def _search_apps(self, app_list, search_term):
        """Find lists by what the sidebar calls them."""
        for model in (it for app in app_list for it in app["models"]):
            model["name"] = title_at(model["admin_url"]) or model["name"]
        return super()._search_apps(app_list, search_term)
