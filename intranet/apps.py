from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models import CharField, TextField
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete, pre_delete, pre_save


class IntranetConfig(AppConfig):
    name = "intranet"
    verbose_name = "Intranet"

    def ready(self):
        from . import checks, dashboard, folding, signals  # noqa: F401
        from . import receivers as does
        from .files import checks as file_checks  # noqa: F401
        from .files.fields import all_file_fields
        from .trace.wiring import connect

        for text_field in (CharField, TextField):
            text_field.register_lookup(folding.Folded, "folded")

        connect(connection_created, folding.teach_sqlite)
        if settings.FILE_CLEANUP == "receiver":  # else django-cleanup connects its own
            self.connect_file_cleanup()
        connect(pre_save, does.tie_new_store, *{field.model for field in all_file_fields()})
        connect(signals.work_due, does.remove_due_files)
        connect(signals.long_work_due, does.sweep_files_nightly)
        connect(signals.file_removed, does.log_removed_file)
        dashboard.register()

    def connect_file_cleanup(self):
        from .files import cleanup
        from .trace.wiring import connect

        models = cleanup.models_with_files()
        connect(pre_save, cleanup.remove_replaced_files, *models)
        connect(pre_delete, cleanup.read_files_of_rows, *models)
        connect(post_delete, cleanup.remove_files_of_deleted_rows, *models)
        FieldFile.delete = cleanup.delete_after_commit
