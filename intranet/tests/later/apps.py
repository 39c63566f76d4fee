from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.db.models.signals import pre_delete


class LaterConfig(AppConfig):
    name = "intranet.tests.later"

    def ready(self):
        from intranet.trace.wiring import connect

        from .receivers import return_key

        connect(pre_delete, return_key, get_user_model())
