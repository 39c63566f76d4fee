from django.apps import AppConfig
from django.db.models import Value
from django.db.models.functions import Coalesce, Concat, NullIf
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = _("Papers and posts")

    def ready(self):
        from intranet.files.fields import UPLOADS, Upload
        from intranet.outbox import mail
        from intranet.signals import site_restored, work_due
        from intranet.trace import way_back
        from intranet.trace.wiring import connect, direct
        from staff.models import Department
        from staff.naming import name_of
        from staff.roles import EDITORS, EVERYBODY, HR, every, grant
        from staff.signals import staff_left

        from . import acknowledging, dashboard, publishing, undoing
        from . import receivers as does
        from .models import DOCUMENT_NAMES, Document, Post

        UPLOADS["documents.Document.file"] = Upload(
            DOCUMENT_NAMES,
            ("size", "sha256"),
            ("original_name", "content_type"),
            Concat(
                name_of("owner_id"),
                Value(", "),
                Coalesce(NullIf("title", Value("")), "original_name"),
            ),
            called=_("file of a paper"),
        )

        connect(pre_save, does.describe_file, Document)
        connect(post_save, does.keep_versions_together, Document)
        connect(staff_left, does.list_papers_of_leaver)

        connect(pre_save, does.sanitise_body, Post)
        connect(pre_save, does.keep_mailed_at, Post)
        connect(work_due, does.mail_live_posts)
        direct(
            "When a post goes live",
            "Mails it to its audience, once, if its author asked for that.",
            publishing.mail_post,
        )
        connect(site_restored, does.hold_live_posts)
        connect(pre_delete, does.remember_deleted_posts, Post, inner=True)
        connect(post_delete, does.tell_admins_posts_deleted, Post)
        connect(pre_delete, does.refuse_to_widen_posts, Department)

        way_back.checks.append(undoing.why_not_undone)
        mail.late_makers["acknowledgement"] = acknowledging.address_in
        dashboard.register()
        grant(EVERYBODY, every("documents.post", actions=["view"]))
        grant(HR, every("documents.document", "documents.requirement"))
        grant(HR, every("documents.post", actions=["view", "add", "change"]))  # not what was read
        grant(HR, every("documents.acknowledgement", actions=["view"]))
        grant(EDITORS, every("documents.post"))
        grant(EDITORS, every("documents.acknowledgement", actions=["view", "add"]))  # to restore
