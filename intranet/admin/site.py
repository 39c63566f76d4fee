"""The site of all admin pages."""

from functools import partial

from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    def get_app_list(self, request, app_label=None):
        """Find out when it is shown: each page offers it, and hardly one does."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))
