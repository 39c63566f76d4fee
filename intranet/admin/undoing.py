"""Undoing an action, or restoring what it deleted, from the page of the action."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.decorators import display

from ..outbox.models import Mail
from ..sidebar import address
from ..trace.action import collect
from ..trace.changes import TRACKED
from ..trace.models import Action, Change
from ..trace.phrases import Phrase, Said, nphrase, phrase
from ..trace.plan import stored
from ..trace.undo import Undoing, can_be_restored, can_be_undone, undo
from .beside import FOLLOW, LONG
from .bulk import asking


def all_seen(fits: Callable[[Action], bool]) -> Callable[[Any], bool]:
    return lambda action: not action.hides and fits(action)


class UndoActions:
    """For the model admin of actions: one sees all of what one undoes, and may do each part."""

    def one(self, request, object_id):
        actions = super().one(request, object_id)
        if self.get_object(request, unquote(object_id)).hides:
            raise PermissionDenied
        return actions

    def rows_touched(self, rows, chosen):
        did = {"action__in": rows.order_by().values("pk")}
        mails = Mail.objects.filter(**did).count() * LONG // FOLLOW  # a tenth of the time each
        return Change.objects.filter(**did).count() + mails

    def words_for(self, rows, chosen):
        """Of an action, what it did."""
        return sentence(rows.first(), rows.db) if chosen == 1 else super().words_for(rows, chosen)

    def has_undo_permission(self, request, obj=None):
        """It is for those who change something; whether they may do this is asked for each row."""
        return self.has_view_permission(request)

    def undo(self, request, queryset):
        for it in queryset:
            way = undo(it, permissions(request))
            collect("did", [how_far(way, sentence(it, queryset.db))])

    restore = asking(
        _lazy("Restore"),
        permission="undo",
        icon="restore_from_trash",
        fits=all_seen(can_be_restored),
        says_itself=True,
    )(undo)
    undo = asking(
        _lazy("Undo"),
        permission="undo",
        icon="undo",
        fits=all_seen(can_be_undone),
        says_itself=True,
    )(undo)

    def get_fields(self, request, obj=None):
        fields = super().get_fields(request, obj)
        return [*fields, "undone"] if obj and self.undone(obj) else fields

    @display(description=_lazy("Undo"))
    def undone(self, action):
        """Lead to the action that undid this one, and to the one that this one undid."""
        every = Action.objects.values_list("pk", flat=True)
        undid = every.filter(undone_by=action.pk)
        pairs = [
            (_("Undone by this"), action.undone_by),
            *((_("Undone in part by this"), key) for key in every.filter(undoes_part_of=action.pk)),
            *((_("What this undid"), key) for key in [*undid, action.undoes_part_of]),
        ]
        links = [(address(Action, "change", key), words) for words, key in pairs if key]
        return format_html_join(", ", '<a class="text-link" href="{}">{}</a>', links)


def how_far(way: Undoing, what: Said) -> Said:
    """Return what was undone, and of how many rows, where it is not all of it."""
    done, rest = len(way.done - way.rest), len(way.rest)
    facts = {"what": what, "done": done, "all": done + rest}
    if way.done & way.rest:
        return phrase("Undone in part, %(done)d of %(all)d wholly: %(what)s", **facts)
    if rest:
        return nphrase(
            "Undone in part, %(done)d of %(all)d, while %(count)d stays as it is: %(what)s",
            "Undone in part, %(done)d of %(all)d, while %(count)d stay as they are: %(what)s",
            rest,
            **facts,
        )
    if way.is_first:
        return phrase("Undone: %(what)s", what=what)
    return nphrase(
        "Undone, the %(count)d left: %(what)s",
        "Undone, the %(count)d left: %(what)s",
        done,
        what=what,
    )


def sentence(action: Action, using: str) -> Said:
    """Return what an action did, to be said in any language."""
    kept = Phrase(*action.said) if action.said else action.summary
    return kept or stored(action, using).said


def permissions(request) -> Callable[[str, Model], bool]:
    """Return what tells whether one may "add", "change" or "delete" a row on the pages."""

    def may(right: str, row: Model) -> bool:
        model_admin = admin.site._registry.get(type(row))
        if (part_of := TRACKED[type(row)].part_of) or not model_admin:
            codename = get_permission_codename(right, row._meta)
            held = request.user.has_perm(f"{row._meta.app_label}.{codename}")
            return held and (not part_of or may("change", getattr(row, part_of)))
        allowed = getattr(model_admin, f"has_{right}_permission")
        return allowed(request) if right == "add" else allowed(request, row)

    return may
