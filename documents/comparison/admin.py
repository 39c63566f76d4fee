from django.contrib import admin

from intranet.admin.base import SiteAdmin

from .models import Paper


@admin.register(Paper)
class PaperAdmin(SiteAdmin):
    list_display = ["file"]
    fields = ["title", "file"]
