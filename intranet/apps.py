from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db.backends.signals import connection_created
from django.db.models import CharField, TextField
from django.db.models.fields.files import FieldFile
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_migrate,
    post_save,
    pre_delete,
    pre_save,
)
from django.utils.translation import gettext_lazy as _


class AdminConfig(admin_apps.AdminConfig):
    default, default_site = False, "intranet.site.Site"


class IntranetConfig(AppConfig):
    name = "intranet"
    verbose_name = _("Intranet")

    def ready(self):
        from . import checks, dashboard, folding, invariants, signals  # noqa: F401
        from . import receivers as does
        from .access import password_links
        from .directions import refuse_turns
        from .files.fields import UPLOADS, Upload, all_file_fields
        from .outbox import mail, notices
        from .outbox.delivery import deliver_due
        from .tasks.models import NAMES
        from .trace import action, history
        from .trace.wiring import connect, direct

        for text_field in (CharField, TextField):
            text_field.register_lookup(folding.Folded, "folded")

        sent_as = ("file_name", "content_type")
        UPLOADS["intranet.Work.file"] = Upload(NAMES, sent_as=sent_as, called=_("export"))
        refuse_turns()
        self.connect_history()
        connect(connection_created, folding.teach_sqlite, inner=True)
        if settings.FILE_CLEANUP == "receiver":  # else django-cleanup connects its own
            self.connect_file_cleanup()
        models = {field.model for field in all_file_fields()}
        connect(pre_save, does.tie_new_store, *models, inner=True)
        connect(signals.work_due, does.remove_due_files)
        connect(signals.work_due, does.forget_old_actions)
        connect(signals.work_due, does.tell_of_mails_sent)
        connect(signals.long_work_due, does.mail_digests)
        connect(signals.long_work_due, does.sweep_files_nightly)
        connect(signals.work_due, does.forget_old_mails)
        connect(signals.long_work_due, does.forget_old_work)
        connect(signals.long_work_due, does.index_written_texts)
        connect(post_migrate, does.keep_search_indexes)
        connect(signals.site_restored, does.end_restored_work)
        connect(signals.file_removed, does.log_removed_file, inner=True)
        direct(signals.work_due.when, "Delivers the mails that are due.", deliver_due)
        direct(
            "When somebody has forgotten their password",
            "Mails them a link to choose a new one, three times an hour at most.",
            password_links.mail_asked_link,
        )
        direct(
            "When somebody gains rights",
            "Tells the admins who gained which, and by whom.",
            notices.tell_of_rights,
        )
        action.enders += [notices.tell_of_rights, notices.tell_together, history.write_changes]
        mail.late_makers["password_link"] = password_links.address_in
        dashboard.register()
        invariants.register()

    def connect_history(self):
        from .trace import changes, history
        from .trace.wiring import connect

        models = changes.tracked_models()
        connect(pre_save, history.read_row_before, *models, inner=True)
        connect(post_save, history.record_save, *models, inner=True)
        connect(m2m_changed, history.record_links, *changes.link_tables(), inner=True)
        connect(pre_delete, history.read_row_to_delete, *models, inner=True)
        connect(post_delete, history.record_deletion, *models, inner=True)

    def connect_file_cleanup(self):
        from .files import cleanup
        from .trace.wiring import connect

        models = cleanup.models_with_files()
        connect(pre_save, cleanup.remove_replaced_files, *models)
        connect(pre_delete, cleanup.read_files_of_rows, *models, inner=True)
        connect(post_delete, cleanup.remove_files_of_deleted_rows, *models)
        FieldFile.delete = cleanup.delete_after_commit
