"""What an action changed, grouped: the rows that came, changed, lost something, and went."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, FileField, Model
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .changes import CASCADED, TRACKED
from .models import Change
from .phrases import Phrase, Said, counted_rows, named_rows, several
from .telling import Line, named
from .wording import field_of, label, line, model_of, name_of

Kind = Change.Kind
NOW = timedelta(minutes=15)  # a time that no clock shows, no further from its action, is "now"
Row = tuple[type[Model] | None, str]  # a model and a primary key
DONE = {  # to one row, to many
    Kind.CREATED: (gettext_noop("%(Model)s “%(name)s” created"), gettext_noop("%(rows)s created")),
    Kind.CHANGED: (gettext_noop("%(Model)s “%(name)s” changed"), gettext_noop("%(rows)s changed")),
    Kind.DELETED: (gettext_noop("%(Model)s “%(name)s” deleted"), gettext_noop("%(rows)s deleted")),
}


class Grouped:
    """The changes of one action."""

    def __init__(self, changes: Iterable[Change], at: datetime):
        self.at = at
        self.created: dict[type[Model] | None, list[str]] = defaultdict(list)
        self.went: dict[type[Model] | None, list[str]] = defaultdict(list)
        self.lost: dict[tuple[type[Model] | None, str], list[str]] = defaultdict(list)
        self.changed: dict[tuple[type[Model] | None, str], list[str]] = defaultdict(list)
        self.did: dict[Row, tuple[str, Said]] = {}  # kind and name of what was asked for
        self.besides: set[Row] = set()  # rows that something else changed
        self.deleted: set[type[Model]] = set()
        for it in changes:
            self.add(it)

    def add(self, it: Change) -> None:
        model = model_of(it)
        row, called = whole(model, it), name_of(model, it.object_name)
        if not it.cause:
            self.did.setdefault(row, (it.kind if row[0] is model else Kind.CHANGED, called))
        elif row not in self.did:
            self.besides.add(row)
        if it.kind == Kind.CREATED:
            self.created[model].append(str(called))
        elif it.kind == Kind.DELETED:
            self.went[model].append(str(called))
            self.deleted |= {model} if model else set()
        else:
            loses = it.cause == CASCADED
            into = self.lost if loses else self.changed
            for name, values in sorted(settled(it, self.at).items()):  # a database has its order
                if loses and not isinstance(values, dict):
                    what = _("no %(field)s any more") % {"field": label(model, name, within=True)}
                else:
                    words = line(model, it.kind, name, values)
                    what = _("%(field)s: %(words)s") % {"field": label(model, name), "words": words}
                into[row[0], what].append(str(called))

    def sections(self) -> list[tuple[str, list[Line]]]:
        return [
            (_("Deleted"), [self.rows(*it) for it in self.went.items()]),
            (_("Added"), [self.rows(*it) for it in self.created.items()]),
            (_("Changed"), [self.what(*it) for it in self.changed.items()]),
            (_("Stays, but loses something"), [self.what(*it) for it in self.lost.items()]),
        ]

    def what(self, changed: tuple[type[Model] | None, str], names: list[str]) -> Line:
        model, what = changed
        return named(f"{counted_rows(model, len(names))}, {what}", names)

    def rows(self, model: type[Model] | None, names: list[str]) -> Line:
        if model not in TRACKED:
            return Line(names[0])
        text = str(counted_rows(model, len(names)))
        is_part = model in TRACKED and TRACKED[model].part_of
        return Line(text) if is_part else named(text, names)

    def asked(self) -> Said:
        """Return "3 people deleted": what was asked for."""
        by_kind: dict[tuple[str, type[Model] | None], list[Said]] = defaultdict(list)
        for (model, _key), (kind, name) in self.did.items():
            by_kind[kind, model].append(name)
        return several(
            *(done(kind, model, len(names), names[0]) for (kind, model), names in by_kind.items())
        )

    def reasons(self) -> list[str]:
        """Return why whoever saves a form is asked before."""
        return [_("it changes more than this page")] if self.besides - self.did.keys() else []


def settled(it: Change, at: datetime) -> dict[str, Any]:
    """Return the values of a change without what differs each time: the time, new file names."""
    found, model = dict(it.values), model_of(it)
    for name, values in it.values.items():
        column = field_of(model, name)
        if isinstance(values, dict) or not values[1]:
            continue
        if isinstance(column, FileField):
            found[name] = [values[0], _("a file")]
        elif isinstance(column, DateTimeField):
            moment = parse_datetime(str(values[1]))
            if moment and moment.microsecond and abs(moment - at) < NOW:
                found[name] = [values[0], _("now")]
    return found


def whole(model: type[Model] | None, it: Change) -> Row:
    """Return the row that a changed one is, or is part of."""
    part_of = TRACKED[model].part_of if model in TRACKED else ""
    if not (model and part_of in it.keys):
        return model, it.object_key
    keys: Any = it.keys[part_of]
    owner: Any = model._meta.get_field(part_of)
    return owner.related_model, str(keys[0] if keys[1] is None else keys[1])


def done(kind: str, model: type[Model] | None, count: int, name: Said) -> Phrase:
    """Return "Person “Ada Lovelace” changed" or "12 people changed"."""
    one, many = DONE[Kind(kind)]
    if count == 1:
        return Phrase(one, {"Model": named_rows(model), "name": name})
    return Phrase(many, {"rows": counted_rows(model, count)})
