"""What papers and posts do by themselves."""

from intranet.files.cleanup import keep_removed_files_out
from intranet.trace.changes import note
from intranet.trace.origin import recall, started_on
from intranet.trace.phrases import nphrase
from staff.models import Department

from . import deletion, papers, publishing, versions
from .models import Post
from .richtext import sanitise

SHOWN = {"original_name", "size"}  # of a file, in the history of its paper


def describe_file(sender, instance, raw, using, update_fields, **kwargs):
    """Fills in the name, size, type, checksum and uploader of a paper's new file."""
    if raw or (update_fields is not None and "file" not in update_fields):
        return
    keep_removed_files_out(instance, using, update_fields)
    if papers.is_new_file(instance, using):
        facts = papers.describe_new(instance)
        if update_fields is not None:
            rows = sender.objects.using(using).filter(pk=instance.pk)
            before = rows.values(*facts).first() or facts
            rows.update(**facts)
            for name in sorted(SHOWN - {*update_fields}):
                if before.get(name) != facts.get(name):
                    note(instance, name, before[name], using)
    else:
        papers.describe_stored(instance, using)


def keep_versions_together(sender, instance, raw, created, using, update_fields, **kwargs):
    """Hands the former versions of a paper over to the person whom it belongs to now."""
    if not (raw or created) and (update_fields is None or "owner" in update_fields):
        versions.keep_together(instance, using)


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


def hold_live_posts(sender, **kwargs):
    """Keeps posts that went live before a restored copy was made from being mailed again."""
    held = Post.objects.due_for_mail().update(mail_audience=False)
    text = nphrase(
        "%(count)d post that went live meanwhile will not be mailed.",
        "%(count)d posts that went live meanwhile will not be mailed.",
        held,
    )
    return str(text)


def remember_deleted_posts(sender, instance, using, origin, **kwargs):
    """Keeps the title, author, audience and text of a post that is about to be deleted."""
    deletion.remember_deleted(instance, origin, using)


def tell_admins_posts_deleted(sender, using, origin, **kwargs):
    """Tells admins and authors which posts were deleted and by whom, once for each deletion."""
    recall(origin, "posts_there")
    if posts := recall(origin, "posts"):
        deletion.tell_admins(posts, using)
        if started_on(origin, Post):  # else the author may be going with them
            deletion.tell_authors(posts, using)


def refuse_to_widen_posts(sender, instance, using, origin, **kwargs):
    """Refuses to delete a department while a live or scheduled post is for nobody else."""
    if started_on(origin, Department):
        deletion.refuse_to_widen(instance, origin, using)


def list_papers_of_leaver(sender, user, using, **kwargs):
    """Tells the admins which papers of somebody who left run out and which must be kept."""
    papers.list_for_admins(user, using)
