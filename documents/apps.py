from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = "Papers and posts"

    def ready(self):
        from . import receivers

        receivers.connect()
