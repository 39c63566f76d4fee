from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from .passwords import change_own_password
from .receivers_page import receivers

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_reset/", include("intranet.passwords")),
    path(
        "admin/password_change/",
        admin.site.admin_view(change_own_password),
        name="password_change",
    ),
    path("admin/receivers/", admin.site.admin_view(receivers), name="receivers"),
    *[path("", include(f"{floor}.urls")) for floor in settings.FLOORS],
    path("admin/", admin.site.urls),
]

handler403 = "intranet.errors.forbidden"
handler404 = "intranet.errors.not_found"
