from django.contrib import admin
from django.urls import path

from .sessions import sign_out_everywhere

urlpatterns = [
    path(
        "admin/sign_out_everywhere/",
        admin.site.admin_view(sign_out_everywhere),
        name="sign_out_everywhere",
    ),
]
