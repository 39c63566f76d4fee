from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from .receivers_page import receivers

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_reset/", include("intranet.passwords")),
    path("admin/receivers/", admin.site.admin_view(receivers), name="receivers"),
    path("", include("staff.urls")),
    path("admin/", admin.site.urls),
    path("", include("documents.urls")),
]

handler403 = "intranet.errors.forbidden"
handler404 = "intranet.errors.not_found"
