"""What one action did, in tables: changes, mails, notices and files, as far as one may see them."""

from collections import defaultdict
from operator import attrgetter

from django.contrib import admin
from django.db.models import Count, Max, Min, Model, QuerySet
from django.utils.formats import date_format
from django.utils.html import format_html, strip_tags
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ..files.models import FileRemoval, in_plain_words
from ..outbox.models import Mail, Notice
from ..sidebar import address
from ..trace.changes import TRACKED
from ..trace.grouping import DONE, done
from ..trace.models import Action, Change
from ..trace.phrases import Phrase
from ..trace.wording import cause_text, described, model_of, name_of
from ..wording import counted
from .history import paragraphs, seen
from .removals import STATES

SHOWN = 100  # changes, and rows of each kind of effect; all are counted


def grouped(changes: QuerySet, *by: str) -> QuerySet:
    """Return how many changes there are of each kind and model, first what was asked for."""
    groups = changes.order_by().values("kind", "content_type", *by)
    return groups.annotate(
        number=Count("pk"),
        rows=Count("object_key", distinct=True),
        name=Max("object_name"),
        cause_=Min("cause"),
        first=Min("pk"),
    ).order_by("cause_", "first")


def title_of(group: dict) -> str:
    """Return "Person “Ada Lovelace” changed" or "12 people changed"."""
    model = model_of(Change(content_type_id=group["content_type"]))
    name = name_of(model, group["name"])
    if model not in TRACKED:
        return str(Phrase(DONE[group["kind"]][1], {"rows": name}))
    return str(done(group["kind"], model, group["rows"], name))


def changes_of(request, action: Action) -> list[dict]:
    """Return the sections of what was changed, by kind and cause, with some rows of each."""
    changes, rows = seen(request).filter(action=action).order_by("pk"), []
    groups = list(grouped(changes, "cause"))
    for it, share in zip(groups, shares([it["number"] for it in groups]), strict=True):
        own = changes.filter(**{name: it[name] for name in ("kind", "content_type", "cause")})
        rows.append(list(own[:share]))
    there = still_there([it for own in rows for it in own])
    return [
        section(
            title_of(it),
            [_("What"), _("From and to")],
            [row_of(change, there) for change in own],
            it["number"],
            cause_text(it["cause"]),
        )
        for it, own in zip(groups, rows, strict=True)
    ]


def shares(numbers: list[int]) -> list[int]:
    """Return how many rows of each group are shown: SHOWN together, as evenly as they have them."""
    found, room = dict.fromkeys(range(len(numbers)), 0), SHOWN
    for served, group in enumerate(sorted(found, key=lambda it: numbers[it])):
        found[group] = min(numbers[group], room // (len(numbers) - served))
        room -= found[group]
    return [*found.values()]


def row_of(it: Change, there: set[tuple[type[Model], str]]) -> list:
    model = model_of(it)
    name = str(name_of(model, it.object_name))
    name = linked(name, model, it.object_key) if (model, it.object_key) in there else name
    return [name, paragraphs(described(it))]


def effects_of(request, action: Action) -> list[dict]:
    """Return the sections of what else an action wrote."""
    sections = []
    for model, rows in effects(request, action).items():
        rows, (right, cells) = rows.filter(action=action), EFFECTS[model]
        if number := rows.count():
            title = counted(number, model._meta.verbose_name, model._meta.verbose_name_plural)
            shown = rows.select_related()[:SHOWN]
            table = [[*(cell(it) for cell in cells.values()), cause_text(it.cause)] for it in shown]
            if not request.user.has_perm(right):  # nor to follow the links
                table = [[strip_tags(cell) for cell in row] for row in table]
            sections.append(section(title, [*map(str, cells), _("Why")], table, number))
    return sections


def section(title: str, headers: list[str], rows: list, number: int, why: str = "") -> dict:
    table = {"headers": headers, "rows": rows}
    return {"title": title, "why": why, "table": table, "more": number - len(rows)}


def still_there(changes: list[Change]) -> set[tuple[type[Model], str]]:
    """Return model and key of the changed rows that have a page by now."""
    keys: dict[type[Model], set[str]] = defaultdict(set)
    for it in changes:
        if (model := model_of(it)) in admin.site._registry and it.object_key:
            keys[model].add(it.object_key)
    return {
        (model, str(pk))
        for model, those in keys.items()
        for pk in model._base_manager.filter(pk__in=those).values_list("pk", flat=True)
    }


def linked(text: str, model: type[Model], key) -> str:
    """Return the name of a row as a link to its page."""
    return format_html('<a class="text-link" href="{}">{}</a>', address(model, "change", key), text)


def state_of(removal: FileRemoval) -> str:
    """Return whether a file has gone, and when."""
    closed = removal.removed_at or removal.kept_at
    when = f", {date_format(localtime(closed), 'DATETIME_FORMAT')}" if closed else ""
    return f"{STATES[removal.status]}{when}"


EFFECTS = {  # the right to see them, and what is shown of each
    Mail: (
        "intranet.view_mail",
        {
            _lazy("State"): Mail.get_status_display,
            _lazy("To"): attrgetter("to"),
            _lazy("Subject"): lambda it: linked(it.subject, Mail, it.pk),
        },
    ),
    Notice: (
        "intranet.receive_notices",
        {
            _lazy("Told"): attrgetter("recipient"),
            _lazy("What"): attrgetter("message"),
            _lazy("Read"): lambda it: _("yes") if it.read_at else _("no"),
        },
    ),
    FileRemoval: (
        "intranet.view_fileremoval",
        {
            _lazy("State"): state_of,
            _lazy("File"): lambda it: linked(in_plain_words(it.source), FileRemoval, it.pk),
            _lazy("Error"): attrgetter("error"),
        },
    ),
}


def effects(request, action: Action | None = None) -> dict[type[Model], QuerySet]:
    """Return the mails, notices and files that the viewer may see: all of what they did."""
    may, own = request.user.has_perm, action and action.actor_id == request.user.pk
    return {it: it.objects.all() for it, (right, _cells) in EFFECTS.items() if own or may(right)}
