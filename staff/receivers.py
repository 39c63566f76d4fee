"""What happens by itself when people change."""

from functools import partial

from django.apps import apps as installed_apps
from django.utils.html import format_html_join

from intranet.access import password_links
from intranet.outbox.notices import notify_admins
from intranet.trace import origin as deletion

from . import inviting, leaving, mails, membership, profiles, roles, sessions, sign_ins, superusers
from .models import Profile, SignIn, User
from .signals import staff_joined


def _may_change(fields, instance, raw, update_fields) -> bool:
    """Return whether a save can change one of `fields` in a row that is there."""
    if raw or instance._state.adding or instance.pk is None:  # which a deletion leaves
        return False
    return update_fields is None or not fields.isdisjoint(update_fields)


def create_profile(sender, instance, created, raw, using, update_fields, **kwargs):
    """Gives a saved person a profile when there is none."""
    if not raw and update_fields is None:
        profiles.make_missing(instance, created, using)


def save_profile(sender, instance, created, raw, using, update_fields, **kwargs):
    """Saves what was changed of a profile through its person, when the person is saved."""
    if not raw and not created and update_fields is None:
        profiles.save_changed(instance, using)


def admit_newcomer(sender, instance, created, raw, using, **kwargs):
    """Puts a new person into the default group and, if active, says that they join."""
    if raw or not created:
        return
    profiles.make_missing(instance, created, using)  # whichever receiver comes first
    membership.admit(instance, [roles.default_group(using)])
    if instance.is_active:
        staff_joined.send(sender=User, user=instance, returned=False, using=using)


def queue_welcome_mail(sender, user, returned, using, **kwargs):
    """Puts the welcome mail for somebody who joins, or is back, into the outbox, if not planned."""
    profile = profiles.carried(user)
    is_planned = profile is not None and profile.invite_on is not None
    if is_planned:
        mails.say_planned(user, profile.invite_on, using)
    elif not mails.welcome_mail.is_paused:
        mails.send_welcome(user, using, "welcome_back" if returned else "welcome")


def refuse_reviving_leaver(sender, instance, raw, using, update_fields, **kwargs):
    """Refuses to switch somebody who left on again by an old copy: they have to be brought back."""
    if instance.is_active and _may_change({"is_active"}, instance, raw, update_fields):
        leaving.refuse_if_departed(instance, using)


def refuse_losing_last_superuser(sender, instance, raw, using, update_fields, **kwargs):
    """Refuses to deactivate or demote the last active superuser."""
    if instance.is_active and instance.is_superuser:
        return
    if not _may_change(superusers.FIELDS, instance, raw, update_fields):
        return
    if superusers.lock(using) == {instance.pk}:
        raise superusers.LastSuperuserError


def end_password_link(sender, instance, raw, using, update_fields, **kwargs):
    """Ends the open link of somebody whose address, password or right to sign in changes."""
    if _may_change(password_links.FIELDS, instance, raw, update_fields):
        password_links.end_outdated_link(instance, using)


def end_sessions(sender, instance, raw, using, update_fields, **kwargs):
    """Ends the open sessions of somebody who can no longer sign in, for good."""
    if instance.is_active and instance.is_staff:
        return
    if _may_change({"is_active", "is_staff"}, instance, raw, update_fields):
        sessions.end(instance, using, is_active=True, is_staff=True)


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
        deletion.remember(origin, "superusers", None, superusers.lock(using), using)


def refuse_deleting_last_superuser(sender, origin, using, **kwargs):
    """Refuses a deletion that leaves no active superuser."""
    for before in deletion.recall(origin, "superusers"):
        superusers.keep_some(before, using)


def remember_person(sender, instance, origin, using, **kwargs):
    """Keeps name and address of a person about to be deleted, for those who will be told."""
    row = instance
    may_sign_in = row.is_active and row.is_staff
    person = mails.Person(row.name, row.username, row.email, row.language, may_sign_in)
    for effect in ("tell_admins", "say_farewell"):
        deletion.remember(origin, effect, instance.pk, person, using)


def tell_admins_people_deleted(sender, origin, using, **kwargs):
    """Tells the admins, once for a whole deletion, who was deleted and by whom."""
    people = deletion.recall(origin, "tell_admins")
    if not people:
        return
    rows = [(it.name, it.username, it.email) for it in people]
    detail = partial(format_html_join, "", "<p>{} ({}), {}</p>", rows)
    notify_admins(partial(mails.who_deleted, people), detail=detail, using=using)


def queue_farewell_mails(sender, origin, using, **kwargs):
    """Puts a farewell mail for each deleted person into the outbox."""
    people = deletion.recall(origin, "say_farewell")
    if people and not mails.farewell_mail.is_paused:
        mails.send_farewells(people, using)


def remember_profile_user(sender, instance, origin, using, **kwargs):
    """Keeps whose profile is about to be deleted, unless the person is deleted anyway."""
    if deletion.started_on(origin, Profile):
        deletion.remember(origin, "profile_users", instance.pk, instance.user_id, using)


def delete_user_of_profile(sender, origin, using, **kwargs):
    """Deletes the person whose profile was deleted."""
    if users := deletion.recall(origin, "profile_users"):
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
    is_new = instance._state.adding and instance.of_newcomer
    membership.move(instance.user, old, instance.group_source_id, using, is_new)


def note_loaded_department(sender, instance, raw, **kwargs):
    """Notes which department `loaddata` is writing, so that its groups change nobody's."""
    membership.note_loaded(instance if raw else None)


def follow_department_groups(sender, instance, action, reverse, pk_set, using, **kwargs):
    """Gives a department's new groups to its people and takes its former ones away."""
    if membership.is_loaded(instance):
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
    """Brings the groups of the roles and their permissions in step with the site's own list."""
    tables = apps.all_models
    if "group" in tables["auth"] and "action" in tables["intranet"]:  # else migrated back too far
        roles.sync_roles(sender, using, apps)


def let_leavers_go(sender, **kwargs):
    """Carries out a leaving whose day has come."""
    return leaving.carry_out_next()


def send_planned_invitations(sender, **kwargs):
    """Mails an invitation whose day has come."""
    return inviting.invite_next()
