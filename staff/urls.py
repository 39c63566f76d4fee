from django.contrib import admin
from django.urls import path

from .language import choose_language
from .sessions import sign_out_everywhere

urlpatterns = [
    path("admin/language/", admin.site.admin_view(choose_language), name="language"),
    path(
        "admin/sign_out_everywhere/",
        admin.site.admin_view(sign_out_everywhere),
        name="sign_out_everywhere",
    ),
]
