from django.urls import path

from .acknowledgement_page import AcknowledgePage

urlpatterns = [
    path("admin/acknowledge/<token>/", AcknowledgePage.as_view(), name="acknowledge"),
]
