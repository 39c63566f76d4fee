"""What undoing an action must not do to posts and papers, and what it cannot."""

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext as _

from intranet.trace.action import collect
from intranet.trace.models import Action, Change
from intranet.trace.way_back import SINCE
from intranet.vetoes import Veto

from .models import Document, Post
from .papers import is_new_file


def why_not_undone(actor, row, field: str, values: list) -> str:
    """Return why a field stays as it is, or raise Veto; see intranet.trace.way_back."""
    if isinstance(row, Post) and field == "author" and actor and not actor.is_superuser:
        raise Veto(_("You may not change who wrote “%(post)s”.") % {"post": row})
    if isinstance(row, Post) and field == "publish_at" and row.mailed_at:
        collect("left", [_("The mails about “%(post)s” went out") % {"post": row}])
    if isinstance(row, Post) and field == "audience" and not values:
        now = timezone.now()
        row.expires_at = min(row.expires_at or now, now)
        row.publish_at = min(row.publish_at, row.expires_at - timedelta(seconds=1))
        return _("Comes back as one that has ended, for whom it was meant is gone")
    if isinstance(row, Document) and field == "replaced_by" and is_changed(values[1]):
        return SINCE
    if isinstance(row, Document) and field in {"original_name", "size"}:
        return "" if is_new_file(row, row._state.db) else _("Stays with its file")
    return ""


def is_changed(pk: int) -> bool:
    """Return whether somebody changed a paper since it was added, so that it is there to stay."""
    kind = ContentType.objects.get_for_model(Document)
    changes = Change.objects.filter(content_type=kind, object_key=pk, kind=Change.Kind.CHANGED)
    undone = Action.objects.exclude(undone_by=None)
    for name in ("pk", "undone_by"):
        changes = changes.exclude(action__in=undone.values(name))
    return changes.filter(cause="").exists()
