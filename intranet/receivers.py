"""What the ground floor does by itself: it removes files."""

import logging

from django.apps import apps as installed_apps
from django.db import connections

from . import digest, trigrams
from .files import marker, nightly, removal
from .files.fields import databases
from .models import Action, FileRemoval
from .outbox import delivery
from .tables.models import forget_old as forget_tables
from .tasks.mailing import end_mailings
from .tasks.run import end_all_open
from .tasks.run import forget_old as forget_work
from .trace.action import purge as purge_history
from .trace.phrases import nphrase

logger = logging.getLogger(__name__)


def remove_due_files(sender, **kwargs):
    """Removes the files that are due to go, and tries again where that failed."""
    return sum(
        removal.carry_out_removals(alias) + removal.purge(alias) for alias in databases(FileRemoval)
    )


def sweep_files_nightly(sender, **kwargs):
    """Compares files and rows once a night, and tells the admins if something is wrong."""
    return int(nightly.sweep_tonight())


def mail_digests(sender, **kwargs):
    """Mails each admin, once a day at most, what needs attention and they were not told yet."""
    return digest.mail_due()


def forget_old_mails(sender, **kwargs):
    """Deletes mails that were sent so long ago that they need not be kept, with what they said."""
    return delivery.forget_old()


def forget_old_work(sender, **kwargs):
    """Deletes what became of work beside the page a week after it ended, and old uploads."""
    return forget_work() + forget_tables()


def tell_of_mails_sent(sender, **kwargs):
    """Tells whoever mailed many, once, how many mails went out and how many failed."""
    return end_mailings()


def end_restored_work(sender, **kwargs):
    """Ends work that was under way when a restored copy was made: it may have been done since."""
    text = nphrase(
        "%(count)d piece of work that waited then is cancelled.",
        "%(count)d pieces of work that waited then are cancelled.",
        end_all_open(),
    )
    return str(text)


def forget_old_actions(sender, **kwargs):
    """Deletes what is in the history for longer than it is to be kept."""
    return sum(purge_history(alias) for alias in databases(Action))


def index_written_texts(sender, **kwargs):
    """Brings what searches look up in SQLite up to date."""
    for using in connections:
        trigrams.catch_up(using)


def keep_search_indexes(sender, using, apps=installed_apps, **kwargs):
    """Makes what searches look up, where it is missing or outdated."""
    if sender.label == "intranet":  # else it was done, or will be
        trigrams.keep_indexes(using, apps)


def log_removed_file(sender, storage, name, source, reason, **kwargs):
    """Writes a log line for each file that has gone, for whoever looks for it later."""
    logger.info("removed %s from %s (%s, %s)", name, storage, source or "swept", reason)


def tie_new_store(sender, instance, raw, **kwargs):
    """Ties a store to this database before its first file is put there."""
    if not raw:
        marker.tie_before_upload(instance)
