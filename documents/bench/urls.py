"""The addresses of the intranet, and of the two admins it is compared with."""

from django.urls import path

from intranet.urls import handler403, handler404  # noqa: F401
from intranet.urls import urlpatterns as of_intranet

from .peers import plain, stock

urlpatterns = [path("stock/", stock.urls), path("unfold/", plain.urls), *of_intranet]
