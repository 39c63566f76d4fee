"""What an action did, or would do: read from the rows that it wrote, in the same words."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db.models import Model
from django.utils.translation import gettext as _

from ..wording import labelled
from . import rights
from .action import Act, flush
from .grouping import Grouped, settled
from .models import Action, Change, Traced
from .phrases import Said, phrase, several
from .telling import Section, shortened
from .wording import field_of, model_of

CARRIED = 100  # lines that a page carries, to say what is new when they change
CHOSEN = "chosen"  # what an action was asked for is collected as: keys, or rows of a file
SALT = "intranet.plan"
New = dict[int, dict[str, int]]  # by kind and key of rows that are new: their numbers


@dataclass
class Plan:
    """What happens, in sections of lines. `digest` is equal for plans that do the same."""

    sections: list[Section] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # why nothing can be done
    left: list[str] = field(default_factory=list)  # what stays as it is, and why
    said: Said = ""
    digest: str = ""
    reasons: list[str] = field(default_factory=list)  # to ask before a form is saved
    deleted: set[type[Model]] = field(default_factory=set)
    sample: tuple[str, str] | None = None  # subject and text of one of the mails
    answer: Any = None  # what was returned by what was run

    @property
    def sentence(self) -> str:
        """Return what it does in one line, empty if nothing."""
        return str(self.said)

    @property
    def lines(self) -> list[str]:
        """Return everything, in one line each."""
        said = [labelled(title, line) for title, lines in self.sections for line in lines]
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
        came = [it for it in self.lines[:CARRIED] if it not in lines]
        went = [it for it in lines if it not in self.lines]
        new = [_("New: %(line)s") % {"line": it} for it in came]
        return [*new, *(_("No longer: %(line)s") % {"line": it} for it in went)]


def read(act: Act, using: str, refused: list[str]) -> Plan:
    """Return what an action did so far, before it is committed."""
    flush(act, using)
    return plan_of(act, act.every("written", using), using, refused)


def stored(action: Action, using: str) -> Plan:
    """Return what a committed action did, as its rows say."""
    act = Act(action.actor, action.via)
    act.id, act.at = action.id, action.at
    return plan_of(act, list(action.changes.using(using).order_by("pk")), using, [])


def plan_of(act: Act, changes: rights.Changes, using: str, refused: list[str]) -> Plan:
    """Return the plan that changes, and the effects with the id of their action, make."""
    left = [str(it) for it in act.collected("left", using)]
    grouped, gained = Grouped(changes, act.at), rights.gains(changes, using)
    effects = [
        model.told(model._base_manager.using(using).filter(action=act.id))
        for model in apps.get_models()
        if issubclass(model, Traced)
    ]
    sections = [*grouped.sections(), (_("Rights"), rights.lines(gained))]
    sections += [(it.title, it.lines) for it in effects]
    sections += act.collected("sections", using)
    did = several(*act.collected("did", using)) or grouped.asked()
    follows = several(*(it.said for it in effects))
    plan = Plan(
        sections=[shortened(title, lines) for title, lines in sections if lines],
        refused=refused,
        left=left,
        said=several(*act.collected("said", using)) or joined(did, follows),
        reasons=[_("it changes rights")] * bool(gained) + grouped.reasons(),
        deleted=grouped.deleted,
        sample=next((it.sample for it in effects if it.sample), None),
    )
    plan.reasons += [it.why_ask for it in effects if it.why_ask] + act.collected("reasons", using)
    new: New = defaultdict(dict)
    for it in changes:
        if it.kind == it.Kind.CREATED:
            of_kind = new[it.content_type_id]
            of_kind[it.object_key] = len(of_kind)
    rows = sorted(hashed(repr(canonical(it, act.at, new))).digest() for it in changes)
    told = [fact for it in effects for fact in [*map(str, it.lines), *sorted(it.facts)]]
    chosen = repr(act.collected(CHOSEN, using))
    whole = hashed("\n".join([*told, *plan.left, *refused, chosen]))
    for row in rows:
        whole.update(row)
    plan.digest = whole.hexdigest()
    return plan


def hashed(text: str) -> Any:
    return sha256(text.encode(errors="replace"))


def joined(asked: Said, follows: Said) -> Said:
    """Return what was asked for, and what follows from it."""
    if asked and follows:
        return phrase("%(asked)s; %(follows)s", asked=asked, follows=follows)
    return asked or follows


def canonical(it: Change, at: datetime, new: New) -> tuple[Any, ...]:
    """Return a change without what differs each time, such as the keys of `new` rows."""
    key = called_in(new, it.content_type_id, it.object_key)
    if it.kind == Change.Kind.DELETED:
        held = [
            (name, sorted(values["removed"]) if isinstance(values, dict) else [*values])
            for name, values in sorted(it.values.items())
        ]
        return it.content_type_id, key, it.object_name, held
    said = [
        (name, sorted((what, sorted(names)) for what, names in values.items()))
        if isinstance(values, dict)
        else (name, *values)
        for name, values in sorted(settled(it, at).items())
    ]
    return it.content_type_id, key, it.object_name, it.cause, said, led_to(it, new)


def called_in(new: New, kind: int, key: object) -> str:
    """Return the key of a row, which one that is new has anew each time."""
    number = new[kind].get(str(key))
    return str(key) if number is None else f"new {number}"


def led_to(it: Change, new: New) -> list[Any]:
    """Return which rows, of which some may have one name, the relations of a change lead to."""
    found = []
    for name, keys in sorted(it.keys.items()):
        field: Any = field_of(model_of(it), name)
        kind = ContentType.objects.get_for_model(field.related_model).pk if field else 0
        for what, ones in sorted(keys.items()) if isinstance(keys, dict) else [("", keys)]:
            known = [called_in(new, kind, key) for key in ones]
            found.append((name, what, sorted(known) if what else known))
    return found
