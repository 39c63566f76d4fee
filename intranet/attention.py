"""What needs attention: counted on the first page, and listed where it can be put right.

Each floor registers its own items when it is ready; this one names none of those above. Nothing is
stored: an item is a query, and the list it leads to is filtered by that same query.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import life, sidebar
from .files.models import FileFault, FileRemoval
from .numbers import recent
from .outbox.models import Mail
from .trace import counts
from .trace.models import ReceiverDay
from .trace.phrases import Phrase, nphrase

logger = logging.getLogger(__name__)

FILTER = "attention"  # the parameter of the list filter; its values are the keys of items


@dataclass(frozen=True, eq=False)
class Item:
    """Rows of one kind that need attention, for those who may open the list of `model`.

    `title` says how many there are; `label` says the same of one row, for the list's
    filter. `rows(user)` are the rows, whose number is shown. The list shows just these with
    `query`, if need be, added to its address.
    """

    key: str
    label: Promise
    title: Phrase
    model: type[Model]
    rows: Callable[..., QuerySet]
    query: str = ""
    is_broken: bool = False  # shown in red
    is_told: bool = False  # at once or each night, by a notice; so it is in no digest
    page: str = ""  # the name of another page than the list, which takes `permission` then
    permission: str = ""
    name: Callable[[Model], object] = str  # of a row

    def url(self, user) -> str:
        """Return the address of the list of these rows; empty for those who may not see it."""
        if self.page:
            return reverse(self.page) if user.has_perm(self.permission) else ""
        request = HttpRequest()
        request.user = user
        address = sidebar.list_url(request, self.model)
        return f"{address}?{FILTER}={self.key}{self.query}" if address else ""

    def says(self, count: int) -> str:
        return str(self.title.of(count))


_items: dict[str, Item] = {}


def add(key: str, label, title, model, rows, **options) -> None:
    """Register an Item; one of the same key is replaced."""
    _items[key] = Item(key, label, title, model, rows, **options)


def items(model: type[Model] | None = None) -> list[Item]:
    """Return all items, or those that the list of a model can be filtered by; the broken first."""
    found = [it for it in _items.values() if model is None or (it.model is model and not it.page)]
    return sorted(found, key=lambda it: not it.is_broken)


def filtered(queryset: QuerySet, key: str | None, user) -> QuerySet:
    """Return those of the rows of a list that an item is about; all where there is no such item."""
    item = next((it for it in items(queryset.model) if it.key == key), None)
    return queryset & item.rows(user).order_by() if item else queryset


def needed(user, as_of=None) -> dict:
    """Return what needs "attention" now, with what `user` may see; None if that is nothing.

    `as_of` is the newest action.
    """
    found, may_see = [], False
    for item in items():
        if url := item.url(user):
            may_see = True
            try:
                count = recent(item.key, as_of, user, lambda who, it=item: it.rows(who).count())
            except Exception:
                logger.exception("What needs attention could not be counted: %s", item.key)
                continue
            if count:
                found.append({"item": item, "count": count, "says": item.says(count), "url": url})
    return {"attention": found if may_see else None}


class Silence:
    """Minutes without a worker, counted as rows are."""

    def count(self) -> int:
        return life.silence()


def register() -> None:
    """Name what needs attention on this floor."""
    add(
        "worker",
        _("No worker"),
        life.SAID,
        Mail,
        lambda user: Silence(),
        page="doctor",
        permission="intranet.receive_notices",
        is_broken=True,
        is_told=True,
    )
    add(
        "failing",
        _("Happens by itself, and fails"),
        nphrase(
            "%(count)d thing that should happen by itself fails",
            "%(count)d things that should happen by themselves fail",
        ),
        ReceiverDay,
        lambda user: counts.failing_now(),
        page="receivers",
        permission="intranet.receive_notices",
        is_broken=True,
        is_told=True,
    )
    add(
        "failed_mails",
        _("Could not be sent"),
        nphrase("%(count)d mail could not be sent", "%(count)d mails could not be sent"),
        Mail,
        lambda user: Mail.objects.filter(status=Mail.Status.FAILED),
        is_broken=True,
    )
    add(
        "failed_removals",
        _("Could not be removed yet"),
        nphrase(
            "%(count)d file could not be removed yet", "%(count)d files could not be removed yet"
        ),
        FileRemoval,
        lambda user: FileRemoval.objects.failed(),
        is_broken=True,
    )
    add(
        "rows_without_file",
        _("Missing, or not as its row says"),
        nphrase(
            "%(count)d file is missing or not as its row says",
            "%(count)d files are missing or not as their rows say",
        ),
        FileFault,
        lambda user: FileFault.objects.exclude(source=""),
        is_broken=True,
        is_told=True,
    )
    add(
        "files_without_row",
        _("No row names it"),
        nphrase("%(count)d file that no row names", "%(count)d files that no row names"),
        FileFault,
        lambda user: FileFault.objects.filter(source=""),
        is_told=True,
    )
