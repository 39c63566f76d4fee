"""What happens by itself: every signal receiver of the project, as `wiring` connected it."""

from importlib import import_module
from importlib.util import find_spec
from inspect import getdoc
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import ManyToManyField, Model
from django.dispatch import Signal

from .wiring import Counted, Receiver, connected

MODULES = [
    "django.core.signals",
    "django.db.models.signals",
    "django.db.backends.signals",
    "django.contrib.auth.signals",
]


class Row(NamedTuple):
    signal: str
    sender: str
    receiver: str
    effect: str
    where: str


def rows() -> list[Row]:
    """Return a row for each receiver of a signal, with all its senders."""
    names = signal_names()
    return sorted(
        Row(
            names[signal],
            ", ".join(sorted(map(sender_name, senders))) or "any",
            receiver.__name__,
            effect(receiver),
            where(receiver),
        )
        for (signal, receiver), senders in connected().items()
    )


def markdown() -> str:
    """Return the rows as a Markdown table."""
    lines = [
        f"| `{row.signal}` | {row.sender} | `{row.receiver}` | {row.effect} | `{row.where}` |"
        for row in rows()
    ]
    heads = "| signal | sender | receiver | what it does | where |\n| --- | --- | --- | --- | --- |"
    return "\n".join([heads, *lines])


def signal_names() -> dict[Signal, str]:
    """Return what each signal, Django's or a floor's own, is called where it is defined."""
    own = [f"{app}.signals" for app in ("intranet", *settings.FLOORS)]
    return {
        signal: name
        for module in [*MODULES, *filter(find_spec, own)]
        for name, signal in vars(import_module(module)).items()
        if isinstance(signal, Signal)
    }


def sender_name(model: type[Model]) -> str:
    """Return the name of a model, or "Model.field" for the table of a many-to-many field."""
    field = field_of(model)
    return f"{field.model.__name__}.{field.name}" if field else model.__name__


def field_of(table: type[Model]) -> "ManyToManyField[Any, Any] | None":
    """Return the many-to-many field that a model was made for, if it was."""
    owner: Any = table._meta.auto_created  # a model, or False
    fields = owner._meta.local_many_to_many if owner else []
    return next((field for field in fields if field.remote_field.through is table), None)


def effect(receiver: Receiver) -> str:
    """Return the first line of the docstring."""
    return (getdoc(receiver) or "").partition("\n")[0]


def effect_of(name: str) -> str:
    """Return the effect of the receiver with that uid; the uid where there is none any more."""
    known = Counted.by_uid.get(name)
    return (known and effect(known.receiver)) or name


def where(receiver: Receiver) -> str:
    return receiver.__module__.replace(".", "/") + ".py"
