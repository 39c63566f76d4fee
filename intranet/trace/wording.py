"""A change in plain words: "Job title: Clerk → Head of Sales", "Groups: HR added"."""

import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import FileField, Model, TextField
from django.utils.formats import localize
from django.utils.html import strip_tags
from django.utils.text import Truncator, capfirst
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from .changes import CASCADED, TRACKED
from .models import Change
from .phrases import Said, counted_rows
from .rights import group_name, right_name
from .signal_map import effect, in_words
from .wiring import Counted

LONGEST = 200  # characters of a text
CALLED = {"groups": group_name, "permissions": right_name, "user_permissions": right_name}
GENERATED = re.compile(r"[0-9a-f]{32}(\.\w+)?")  # names that say nothing


def described(change: Change) -> list[str]:
    """Return a line for each field that says something: what it became, from what."""
    model = model_of(change)
    lines = {name: line(model, change.kind, name, it) for name, it in change.values.items()}
    said = [(label(model, name), words) for name, words in lines.items() if words]
    return [_("%(field)s: %(words)s") % {"field": name, "words": words} for name, words in said]


def line(model: type[Model] | None, kind: str, name: str, values: Any) -> str:
    """Return what happened to one field; empty if it was, and is, nothing."""
    if isinstance(values, dict):
        texts = {"added": _("%(names)s added"), "removed": _("%(names)s removed")}
        called = CALLED.get(name, str)
        return _("; ").join(
            texts[done] % {"names": ", ".join(map(called, names))}
            for done, names in values.items()
            if names
        )
    tracked = TRACKED.get(model) if model else None
    if tracked and name in tracked.hidden:  # its values are not kept
        return _("changed") if kind == Change.Kind.CHANGED else ""
    before, after = (value_text(model, name, value) for value in values)
    if kind != Change.Kind.CHANGED:
        value, alone = (values[1], after) if kind == Change.Kind.CREATED else (values[0], before)
        is_telling = value not in (None, "", False) and not (tracked and name == tracked.part_of)
        return alone if is_telling else ""
    return f"{before} → {after}" if before != after else _("changed")


def value_text(model: type[Model] | None, field_name: str, value: Any) -> str:
    """Return a stored value as the page of the row says it; field or model may be gone by now."""
    field = field_of(model, field_name)
    if value in (None, "", [], {}):
        return _("nothing")
    if isinstance(field, FileField):
        name = PurePosixPath(str(value)).name
        return _("a file") if GENERATED.fullmatch(name) else name
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if field and not field.is_relation:
        value = parsed(field, value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, TextField):
        value = " ".join(strip_tags(str(value).replace("<", " <")).split())
    if isinstance(value, datetime) and is_aware(value):
        value = localtime(value)
    return Truncator(str(localize(value))).chars(LONGEST)


def parsed(field: Any, value: Any) -> Any:
    """Return what a field had before JSON kept it, such as a date, or the name of a choice."""
    try:
        return str(dict(field.flatchoices).get(value, "")) or field.to_python(value)
    except (ValidationError, ValueError, TypeError):
        return value


def label(model: type[Model] | None, field_name: str, within: bool = False) -> str:
    """Return "Job title" for "job_title"; "job title" within a sentence."""
    words = str(getattr(field_of(model, field_name), "verbose_name", ""))
    words = words or field_name.replace("_", " ")
    return words if within else capfirst(words)


def cause_text(cause: str) -> str:
    """Return what a receiver does, in words; empty where it is unknown, or nobody was asked."""
    if cause == CASCADED:
        return _("Follows from the deletion of something else.")
    receiver = Counted.by_uid.get(cause)
    return in_words(effect(receiver.receiver)) if receiver else ""


def model_of(change: Change) -> type[Model] | None:
    """Return the model of the row that was changed; None once it is gone from the code."""
    try:
        return ContentType.objects.get_for_id(change.content_type_id).model_class()
    except ContentType.DoesNotExist:
        return None


def name_of(model: type[Model] | None, kept: str) -> Said:
    """Return the name of a row, or the number of rows without a history, in any language."""
    if model in TRACKED:
        return TRACKED[model].called(kept)
    number = kept.partition(" ")[0]
    return counted_rows(model, int(number)) if number.isdecimal() else kept


def field_of(model: type[Model] | None, name: str) -> Any:
    """Return the field of a model; None once it is gone from the code."""
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
