from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = "Organisation"

    def ready(self):
        from . import checks, dashboard, receivers  # noqa: F401

        receivers.connect()
        dashboard.register()
