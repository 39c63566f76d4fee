from django.apps import AppConfig
from django.conf import settings


class ComparisonConfig(AppConfig):
    name = "documents.comparison"
    label = "comparison"

    def ready(self):
        if settings.FILE_CLEANUP == "naive":
            from . import naive

            naive.connect()
