from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models import CharField, TextField
from django.db.models.signals import pre_save


class IntranetConfig(AppConfig):
    name = "intranet"
    verbose_name = "Intranet"

    def ready(self):
        from . import checks, dashboard, folding, signals  # noqa: F401
        from . import receivers as does
        from .files import checks as file_checks  # noqa: F401
        from .files.engines import connect_engine
        from .files.fields import all_file_fields
        from .trace.wiring import connect

        for text_field in (CharField, TextField):
            text_field.register_lookup(folding.Folded, "folded")

        connect(connection_created, folding.teach_sqlite)
        connect_engine()
        connect(pre_save, does.tie_new_store, *{field.model for field in all_file_fields()})
        connect(signals.work_due, does.remove_due_files)
        connect(signals.long_work_due, does.sweep_files_nightly)
        connect(signals.file_removed, does.log_removed_file)
        dashboard.register()
