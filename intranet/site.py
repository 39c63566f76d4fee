"""The site of all admin pages; outside `admin`, whose pages are registered with it meanwhile."""

from functools import partial

from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    def get_app_list(self, request, app_label=None):
        """Find out when it is shown: each page is given it, and hardly one shows it."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))
