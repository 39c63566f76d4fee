from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from . import doctor
from .access.passwords import change_own_password
from .admin.notices import open_notice
from .files.downloads import download
from .trace.page import receivers

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_reset/", include("intranet.access.passwords")),
    path(
        "admin/password_change/",
        admin.site.admin_view(change_own_password),
        name="password_change",
    ),
    path("admin/receivers/", admin.site.admin_view(receivers), name="receivers"),
    path("admin/notices/<uuid:action>/", admin.site.admin_view(open_notice), name="open_notice"),
    path("admin/doctor/", admin.site.admin_view(doctor.page), name="doctor"),
    path("media/<path:name>", download, name="download"),
    *[path("", include(urls)) for urls in settings.FLOOR_URLS],
    path("admin/", admin.site.urls),
]

handler403 = "intranet.errors.forbidden"
handler404 = "intranet.errors.not_found"
