from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import signals as auth
from django.db.models import signals
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = _("Organisation")

    def ready(self):
        from intranet.files.fields import UPLOADS, Upload
        from intranet.signals import work_due
        from intranet.trace import way_back
        from intranet.trace.rights import EVERYBODY
        from intranet.trace.wiring import connect, direct

        from . import checks, dashboard, invariants, labels, leaving, mails, rights  # noqa: F401
        from . import receivers as does
        from .models import Department, Profile, User
        from .naming import name_of
        from .photos import PHOTO_NAMES
        from .signals import staff_joined

        labels.teach()
        apps.get_app_config("auth").verbose_name = self.verbose_name
        EVERYBODY.add(settings.STAFF_DEFAULT_GROUP)
        photo = _("photo of a person")
        UPLOADS["staff.Profile.photo"] = Upload(PHOTO_NAMES, whose=name_of("user_id"), called=photo)

        connect(signals.post_save, does.create_profile, User)
        connect(signals.post_save, does.save_profile, User)
        connect(signals.post_save, does.admit_newcomer, User)
        connect(staff_joined, does.queue_welcome_mail)
        connect(signals.pre_save, does.refuse_reviving_leaver, User)
        connect(signals.pre_save, does.refuse_losing_last_superuser, User)
        connect(signals.pre_save, does.end_password_link, User)
        connect(signals.pre_save, does.end_sessions, User)
        connect(signals.pre_delete, does.lock_superusers, User, inner=True)
        connect(signals.post_delete, does.refuse_deleting_last_superuser, User)
        connect(signals.pre_delete, does.remember_person, User, inner=True)
        connect(signals.post_delete, does.tell_admins_people_deleted, User)
        connect(signals.post_delete, does.queue_farewell_mails, User)
        connect(signals.pre_delete, does.remember_profile_user, Profile, inner=True)
        connect(signals.post_delete, does.delete_user_of_profile, Profile)

        connect(signals.pre_save, does.follow_department, Profile)
        connect(signals.pre_save, does.note_loaded_department, Department, inner=True)
        connect(signals.m2m_changed, does.follow_department_groups, Department.groups.through)
        connect(signals.pre_delete, does.release_department_groups, Department)

        connect(auth.user_logged_in, does.record_sign_in)
        connect(auth.user_logged_out, does.record_sign_out)
        connect(auth.user_login_failed, does.record_failed_sign_in)
        connect(work_due, does.let_leavers_go)
        connect(work_due, does.send_planned_invitations)
        connect(work_due, does.forget_old_sign_ins)
        connect(signals.post_migrate, does.sync_roles)
        direct(
            "When somebody leaves",
            "Ends their access and the groups of their department, hands the team over, and tells "
            "the admins and the head of the department.",
            leaving.plan,
        )
        direct(
            "When somebody is brought back",
            "Gives them back what leaving took; whoever reported to them stays where they went.",
            leaving.bring_back,
        )
        direct(
            "When somebody is invited",
            "Mails them a link to choose a password, and ends the one before.",
            mails.send_welcome,
        )

        way_back.checks.append(rights.why_not_undone)
        dashboard.register()
        invariants.register()
