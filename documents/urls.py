from django.urls import path

from .downloads import download

urlpatterns = [path("media/<path:name>", download, name="download")]
