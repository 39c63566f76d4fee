from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = "Papers and posts"

    def ready(self):
        from . import checks, dashboard, receivers  # noqa: F401

        receivers.connect()
        dashboard.register()
