from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models import CharField, TextField


class IntranetConfig(AppConfig):
    name = "intranet"
    verbose_name = "Intranet"

    def ready(self):
        from . import checks, dashboard, folding  # noqa: F401

        connection_created.connect(folding.teach_sqlite, dispatch_uid="intranet.teach_sqlite")
        for text_field in (CharField, TextField):
            text_field.register_lookup(folding.Folded, "folded")
        dashboard.register()
