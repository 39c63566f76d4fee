"""What happens by itself when people change. `connect()` is the one table of all connections."""

from django.apps import apps as installed_apps
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_migrate,
    post_save,
    pre_delete,
    pre_save,
)
from django.utils.html import format_html_join
from django.utils.text import capfirst

from intranet import origin as deletion
from intranet import password_links
from intranet.actor import actor_name
from intranet.notices import notify_admins
from intranet.signals import work_due

from . import leaving, mails, membership, roles, sessions, sign_ins, superusers
from .models import Department, Profile, SignIn, User
from .signals import staff_joined


def create_profile(sender, instance, created, raw, using, update_fields, **kwargs):
    """Gives a saved person a profile when there is none."""
    if raw or update_fields is not None:
        return
    rows = Profile.objects.using(using)
    rows.create(user=instance) if created else rows.get_or_create(user=instance)


def add_default_group(sender, instance, created, raw, using, **kwargs):
    """Puts a new person into the default group."""
    if raw or not created:
        return
    instance.groups.add(roles.default_group(using))


def queue_welcome_mail(sender, instance, created, raw, using, **kwargs):
    """Puts the welcome mail for a new person into the outbox."""
    if raw or not created or not instance.is_active or mails.welcome_mail.is_paused:
        return
    mails.send_welcome(instance, using)


def announce_joiner(sender, instance, created, raw, using, **kwargs):
    """Sends `staff_joined` for a new, active person."""
    if raw or not created or not instance.is_active:
        return
    staff_joined.send(sender=User, user=instance, returned=False, using=using)


def refuse_reviving_leaver(sender, instance, raw, using, update_fields, **kwargs):
    """Refuses to switch somebody who left on again by an old copy: they have to be brought back."""
    if raw or instance._state.adding or not instance.is_active:
        return
    if update_fields is not None and "is_active" not in update_fields:
        return
    leaving.refuse_if_departed(instance, using)


def refuse_losing_last_superuser(sender, instance, raw, using, update_fields, **kwargs):
    """Refuses to deactivate or demote the last active superuser."""
    if raw or instance._state.adding or (instance.is_active and instance.is_superuser):
        return
    if update_fields is not None and superusers.FIELDS.isdisjoint(update_fields):
        return
    if superusers.lock(using) == {instance.pk}:
        raise superusers.LastSuperuserError


def end_password_link(sender, instance, raw, using, update_fields, **kwargs):
    """Ends the open link of somebody whose address, password or right to sign in changes."""
    if raw or instance._state.adding:
        return
    if update_fields is not None and password_links.FIELDS.isdisjoint(update_fields):
        return
    password_links.end_outdated_link(instance, using)


def end_sessions(sender, instance, raw, using, update_fields, **kwargs):
    """Ends the open sessions of somebody who can no longer sign in, for good."""
    if raw or instance._state.adding or (instance.is_active and instance.is_staff):
        return
    if update_fields is not None and {"is_active", "is_staff"}.isdisjoint(update_fields):
        return
    sessions.end_of_leaver(instance, using)


def record_sign_in(sender, request, user, **kwargs):
    """Records that somebody signed in, when, and from where."""
    sign_ins.record(SignIn.Kind.SIGNED_IN, user.get_username(), request, user)


def record_sign_out(sender, request, user, **kwargs):
    """Records that somebody signed out."""
    if user is not None:
        sign_ins.record(SignIn.Kind.SIGNED_OUT, user.get_username(), request, user)


def record_failed_sign_in(sender, credentials, request=None, **kwargs):
    """Records that signing in failed, under the name that was typed; never the password."""
    sign_ins.record_failure(str(credentials.get("username", "")), request)


def forget_old_sign_ins(sender, **kwargs):
    """Deletes records of sign-ins that were kept long enough."""
    return sign_ins.purge()


def lock_superusers(sender, origin, using, **kwargs):
    """Locks the superusers while people are deleted, so that two deletions cannot take them all."""
    if not deletion.remembered(origin, "superusers"):
        deletion.remember(origin, "superusers", None, superusers.lock(using))


def refuse_deleting_last_superuser(sender, origin, using, **kwargs):
    """Refuses a deletion that leaves no active superuser."""
    for before in deletion.recall(origin, "superusers"):
        superusers.keep_some(before, using)


def remember_person(sender, instance, origin, **kwargs):
    """Keeps name and address of a person about to be deleted, for those who will be told."""
    person = mails.Person(instance.name, instance.username, instance.email)
    deletion.remember(origin, "tell admins", instance.pk, person)
    deletion.remember(origin, "say farewell", instance.pk, person)


def tell_admins_people_deleted(sender, origin, using, **kwargs):
    """Tells the admins, once for a whole deletion, who was deleted and by whom."""
    people = deletion.recall(origin, "tell admins")
    if not people:
        return
    who = people[0].name if len(people) == 1 else f"{len(people)} people"
    rows = ((person.name, person.username, person.email) for person in people)
    detail = format_html_join("", "<p>{} ({}), {}</p>", rows)
    notify_admins(capfirst(f"{actor_name()} deleted {who}"), detail=detail, using=using)


def queue_farewell_mails(sender, origin, using, **kwargs):
    """Puts a farewell mail for each deleted person into the outbox."""
    people = deletion.recall(origin, "say farewell")
    if people and not mails.farewell_mail.is_paused:
        mails.send_farewells(people, using)


def remember_profile_user(sender, instance, origin, **kwargs):
    """Keeps whose profile is about to be deleted, unless the person is deleted anyway."""
    if deletion.started_on(origin, Profile):
        deletion.remember(origin, "profile users", instance.pk, instance.user_id)


def delete_user_of_profile(sender, origin, using, **kwargs):
    """Deletes the person whose profile was deleted."""
    if users := deletion.recall(origin, "profile users"):
        User.objects.using(using).filter(pk__in=users).delete()


def follow_department(sender, instance, raw, using, update_fields, **kwargs):
    """Swaps the groups of the old department for those of the new; a leaver has none."""
    if raw or membership.FIELDS & instance.get_deferred_fields():
        return
    if update_fields is not None and membership.FIELDS.isdisjoint(update_fields):
        return
    rows = Profile.objects.using(using).order_by()
    stored = None if instance._state.adding else rows.filter(pk=instance.pk).first()
    old = stored and stored.group_source_id
    membership.move(instance.user, old, instance.group_source_id, using)


def mark_loaded_department(sender, instance, raw, **kwargs):
    """Marks a department that `loaddata` writes, so that its groups change nobody's."""
    instance.is_loaded = raw


def follow_department_groups(sender, instance, action, reverse, pk_set, using, **kwargs):
    """Gives a department's new groups to its people and takes its former ones away."""
    if getattr(instance, "is_loaded", False):
        return
    effect = {
        "post_add": membership.spread,
        "post_remove": membership.withdraw,
        "pre_clear": membership.withdraw,
    }.get(action)
    if effect:
        effect(*membership.links(instance, reverse, pk_set, using), using)


def release_department_groups(sender, instance, using, **kwargs):
    """Takes the groups of a department about to be deleted from its people."""
    membership.withdraw([instance], membership.groups_of(instance.pk, using), using)


def sync_roles(sender, using, apps=installed_apps, **kwargs):
    """Brings the groups of the roles and their permissions in step with staff/roles.py."""
    if "group" not in apps.all_models["auth"]:  # migrated back to before there were any
        return
    roles.sync_roles(sender, using, apps)


def let_leavers_go(sender, **kwargs):
    """Carries out a leaving whose day has come."""
    return leaving.carry_out_next()


def connect():
    """Connect every receiver of this module."""
    post_migrate.connect(sync_roles, dispatch_uid="staff.sync_roles")
    work_due.connect(let_leavers_go, dispatch_uid="staff.let_leavers_go")
    work_due.connect(forget_old_sign_ins, dispatch_uid="staff.forget_old_sign_ins")
    user_logged_in.connect(record_sign_in, dispatch_uid="staff.record_sign_in")
    user_logged_out.connect(record_sign_out, dispatch_uid="staff.record_sign_out")
    user_login_failed.connect(record_failed_sign_in, dispatch_uid="staff.record_failed_sign_in")
    groups = Department.groups.through
    for signal, receiver, sender in [
        (pre_save, refuse_reviving_leaver, User),
        (pre_save, refuse_losing_last_superuser, User),
        (pre_save, end_password_link, User),
        (pre_save, end_sessions, User),
        (post_save, create_profile, User),
        (post_save, add_default_group, User),
        (post_save, queue_welcome_mail, User),
        (post_save, announce_joiner, User),
        (pre_delete, lock_superusers, User),
        (pre_delete, remember_person, User),
        (post_delete, refuse_deleting_last_superuser, User),
        (post_delete, tell_admins_people_deleted, User),
        (post_delete, queue_farewell_mails, User),
        (pre_delete, remember_profile_user, Profile),
        (post_delete, delete_user_of_profile, Profile),
        (pre_save, follow_department, Profile),
        (pre_save, mark_loaded_department, Department),
        (m2m_changed, follow_department_groups, groups),
        (pre_delete, release_department_groups, Department),
    ]:
        signal.connect(receiver, sender=sender, dispatch_uid=f"staff.{receiver.__name__}")
