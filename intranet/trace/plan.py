"""What an action did, or would do: read from the rows that it wrote, in the same words."""

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.core import signing
from django.db.models import DateTimeField, FileField, Model
from django.utils.dateparse import parse_datetime

from . import rights
from .action import Act, flush
from .grouping import Grouped
from .models import Change, Traced
from .telling import Section, shortened
from .wording import field_of, model_of

NOW = timedelta(minutes=15)  # a time that is no further from its action is "now"
CARRIED = 100  # lines that a page carries, to say what is new when they change
SALT = "intranet.plan"


@dataclass
class Plan:
    """What happens, in sections of lines. `digest` is equal for plans that do the same."""

    sections: list[Section] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # why nothing can be done
    left: list[str] = field(default_factory=list)  # what stays as it is, and why
    sentence: str = ""
    digest: str = ""
    reasons: list[str] = field(default_factory=list)  # to ask before a form is saved
    deleted: set[type[Model]] = field(default_factory=set)
    sample: tuple[str, str] | None = None  # subject and text of one of the mails
    answer: Any = None  # what was returned by what was run

    @property
    def lines(self) -> list[str]:
        """Return everything, in one line each."""
        said = [f"{title}: {line}" for title, lines in self.sections for line in lines]
        return [*said, *self.left, *self.refused]

    def token(self) -> str:
        """Return what a page carries, signed, of the plan that it shows."""
        return signing.dumps([self.digest, self.lines[:CARRIED]], salt=SALT, compress=True)

    def since(self, token: str) -> list[str] | None:
        """Return how this differs from the plan that a page showed; None if it does not."""
        try:
            digest, lines = signing.loads(token, salt=SALT)
        except signing.BadSignature:
            return []
        if digest == self.digest:
            return None
        new = [f"New: {it}" for it in self.lines[:CARRIED] if it not in lines]
        return [*new, *(f"No longer: {it}" for it in lines if it not in self.lines)]


def read(act: Act, using: str, refused: list[str]) -> Plan:
    """Return what an action did so far, as its rows say."""
    flush(act, using)
    changes = list(Change.objects.using(using).filter(action=act.id).order_by("pk"))
    left = [str(it) for it in act.collected("left", using)]
    grouped, gained = Grouped(changes), rights.gains(changes, using)
    effects = [
        model.told(model._base_manager.using(using).filter(action=act.id))
        for model in apps.get_models()
        if issubclass(model, Traced)
    ]
    sections = [*grouped.sections(), ("Rights", rights.lines(gained))]
    sections += [(told.title, told.lines) for told in effects]
    plan = Plan(
        sections=[shortened(title, lines) for title, lines in sections if lines],
        refused=refused,
        left=left,
        sentence="; ".join(
            filter(None, [grouped.asked(), ", ".join(filter(None, (it.said for it in effects)))])
        ),
        reasons=["it changes rights"] * bool(gained) + grouped.reasons(),
        deleted=grouped.deleted,
        sample=next((told.sample for told in effects if told.sample), None),
    )
    plan.reasons += [told.why_ask for told in effects if told.why_ask]
    rows = [repr(canonical(it, act)) for it in changes]
    plan.digest = sha256("\n".join([*rows, *plan.lines]).encode(errors="replace")).hexdigest()
    return plan


def canonical(it: Change, act: Act) -> tuple[Any, ...]:
    """Return a change without what differs each time: new keys, new names of files, the time."""
    if it.kind == Change.Kind.DELETED:
        return it.content_type_id, it.object_key, it.object_name
    model, said = model_of(it), []
    for name, values in sorted(it.values.items()):
        if isinstance(values, dict):
            said.append((name, sorted((what, sorted(names)) for what, names in values.items())))
            continue
        before, after = values
        column = field_of(model, name)
        if isinstance(column, FileField) and after:
            after = "a file"
        elif isinstance(column, DateTimeField) and after:
            moment = parse_datetime(str(after))
            after = "now" if moment and abs(moment - act.at) < NOW else after
        said.append((name, before, after))
    key = "" if it.kind == Change.Kind.CREATED else it.object_key
    return it.content_type_id, key, it.object_name, it.cause, said
