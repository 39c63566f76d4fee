"""What papers and posts do by themselves."""

import logging

from django.core.signals import setting_changed
from django.db.models.signals import post_delete, pre_delete, pre_save

from intranet.origin import recall, started_on
from intranet.signals import long_work_due, work_due
from staff.models import Department
from staff.signals import staff_left

from . import deletion, marker, papers, publishing
from .engines import connect_engine, switch_engine
from .models import Document, FileRemoval, Post
from .nightly import sweep_tonight
from .removal import carry_out_removals, purge
from .richtext import sanitise
from .signals import file_removed
from .storage import all_file_fields, databases

logger = logging.getLogger(__name__)


def describe_file(sender, instance, raw, using, update_fields, **kwargs):
    """Fills in the name, size, type, checksum and uploader of a paper's new file."""
    if raw or (update_fields is not None and "file" not in update_fields):
        return
    if papers.is_new_file(instance, using):
        facts = papers.describe(instance)
        if update_fields is not None:
            sender.objects.using(using).filter(pk=instance.pk).update(**facts)
    else:
        papers.keep_facts(instance, using)


def sanitise_body(sender, instance, raw, update_fields, **kwargs):
    """Takes everything out of a post's text that the editor cannot have written."""
    if raw or (update_fields is not None and "body" not in update_fields):
        return
    instance.body = sanitise(instance.body)


def keep_mailed_at(sender, instance, raw, using, update_fields, **kwargs):
    """Keeps the time a post was mailed, so that saving an older copy does not mail it again."""
    if raw or instance._state.adding:
        return
    if update_fields is not None and "mailed_at" not in update_fields:
        return
    publishing.restore_mailed_at(instance, using)


def mail_live_posts(sender, **kwargs):
    """Mails a post to its audience, once, when it is live and its author asked for that."""
    return 0 if publishing.post_mail.is_paused else publishing.mail_next_post()


def remember_deleted_posts(sender, instance, using, origin, **kwargs):
    """Keeps the title, author, audience and text of a post that is about to be deleted."""
    deletion.keep_facts(instance, origin, using)


def tell_admins_posts_deleted(sender, using, origin, **kwargs):
    """Tells the admins which posts were deleted, whose and by whom, once for each deletion."""
    if posts := recall(origin, "posts"):
        deletion.tell_admins(posts, using)


def refuse_to_widen_posts(sender, instance, using, origin, **kwargs):
    """Refuses to delete a department while a live or scheduled post is for nobody else."""
    if started_on(origin, Department):
        deletion.refuse_to_widen(instance, origin, using)


def list_papers_of_leaver(sender, user, using, **kwargs):
    """Tells the admins which papers of somebody who left run out and which must be kept."""
    papers.list_for_admins(user, using)


def remove_due_files(sender, **kwargs):
    """Removes the files that are due to go, and tries again where that failed."""
    return sum(carry_out_removals(alias) + purge(alias) for alias in databases(FileRemoval))


def sweep_files_nightly(sender, **kwargs):
    """Compares files and rows once a night, and tells the admins if something is wrong."""
    return int(sweep_tonight())


def log_removed_file(sender, storage, name, source, reason, **kwargs):
    """Writes a log line for each file that has gone, for whoever looks for it later."""
    logger.info("removed %s from %s (%s, %s)", name, storage, source or "swept", reason)


def tie_new_store(sender, instance, raw, **kwargs):
    """Ties a store to this database before its first file is put there."""
    if not raw:
        marker.tie_before_upload(instance)


def connect():
    connect_engine()  # first, so that the other receivers see the file that will be saved
    for model in {field.model for field in all_file_fields()}:
        uid = f"documents.tie_new_store.{model._meta.label}"
        pre_save.connect(tie_new_store, sender=model, dispatch_uid=uid)
    setting_changed.connect(switch_engine, dispatch_uid="documents.switch_engine")
    work_due.connect(remove_due_files, dispatch_uid="documents.remove_due_files")
    long_work_due.connect(sweep_files_nightly, dispatch_uid="documents.sweep_files_nightly")
    file_removed.connect(log_removed_file, dispatch_uid="documents.log_removed_file")
    pre_save.connect(describe_file, sender=Document, dispatch_uid="documents.describe_file")
    pre_save.connect(sanitise_body, sender=Post, dispatch_uid="documents.sanitise_body")
    pre_save.connect(keep_mailed_at, sender=Post, dispatch_uid="documents.keep_mailed_at")
    work_due.connect(mail_live_posts, dispatch_uid="documents.mail_live_posts")
    pre_delete.connect(
        remember_deleted_posts, sender=Post, dispatch_uid="documents.remember_deleted_posts"
    )
    post_delete.connect(
        tell_admins_posts_deleted, sender=Post, dispatch_uid="documents.tell_admins_posts_deleted"
    )
    pre_delete.connect(
        refuse_to_widen_posts, sender=Department, dispatch_uid="documents.refuse_to_widen_posts"
    )
    staff_left.connect(list_papers_of_leaver, dispatch_uid="documents.list_papers_of_leaver")
