"""What happens by itself: every signal receiver of the project, read from the live connections."""

import sys
from dataclasses import astuple, dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from inspect import getdoc
from pathlib import Path
from weakref import ReferenceType

from django.apps import apps
from django.conf import settings
from django.dispatch import Signal

SIGNAL_MODULES = [
    "django.db.models.signals",
    "django.contrib.auth.signals",
    "django.core.signals",
    "django.db.backends.signals",
]
HEADER = ("signal", "sender", "receiver", "what it does", "where")


@dataclass(frozen=True, order=True)
class Connection:
    signal: str
    sender: str
    receiver: str
    effect: str
    where: str


def connections(everything: bool = False) -> list[Connection]:
    """Return the receivers of this project, or of all installed packages, one for each signal.

    A receiver that several senders share is named once, with all of them.
    """
    names = sender_names()
    senders: dict[tuple, set[str]] = {}
    for signal_name, signal in signals().items():
        for (_, sender_id), reference, *_ in signal.receivers:
            receiver = plain_function(reference)
            if receiver and (everything or is_own(receiver)):
                sender = names.get(sender_id, "another")
                senders.setdefault((signal_name, receiver), set()).add(sender)
    return sorted(
        Connection(
            signal, ", ".join(sorted(found)), name(receiver), effect(receiver), where(receiver)
        )
        for (signal, receiver), found in senders.items()
    )


def markdown(rows: list[Connection]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEADER, ["---"] * len(HEADER)]
    for row in rows:
        signal, sender, receiver, effect, where = astuple(row)
        lines.append((f"`{signal}`", sender, f"`{receiver}`", effect, f"`{where}`"))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def signals() -> dict[str, Signal]:
    """Return Django's signals and those of every installed app, by name."""
    modules = SIGNAL_MODULES + [
        f"{config.name}.signals"
        for config in apps.get_app_configs()
        if find_spec(f"{config.name}.signals")
    ]
    return {
        signal: value
        for module in modules
        for signal, value in vars(import_module(module)).items()
        if isinstance(value, Signal)
    }


def sender_names() -> dict[int, str]:
    """Return what to call a sender, by the id under which Django keeps it."""
    models = {id(model): model.__name__ for model in apps.get_models(include_auto_created=True)}
    through = {
        id(field.remote_field.through): f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.local_many_to_many
    }
    configs = {id(config): config.label for config in apps.get_app_configs()}
    return models | through | configs | {id(None): "any"}


def plain_function(reference):
    """Return the function behind a connection: a weak reference, a method, a partial."""
    receiver = reference() if isinstance(reference, ReferenceType) else reference
    while isinstance(receiver, partial):
        receiver = receiver.func
    return getattr(receiver, "__func__", receiver)


def is_own(receiver) -> bool:
    """Return whether the receiver belongs to an app that lives in this project's folder."""
    app = receiver.__module__.partition(".")[0]
    return (settings.BASE_DIR / app).is_dir()


def name(receiver) -> str:
    return getattr(receiver, "__name__", type(receiver).__name__)


def effect(receiver) -> str:
    """Return the first line of the docstring."""
    return (getdoc(receiver) or "").partition("\n")[0]


def where(receiver) -> str:
    """Return the file of an own receiver, the dotted module of another."""
    if not is_own(receiver):
        return receiver.__module__
    path = Path(sys.modules[receiver.__module__].__file__)
    return path.relative_to(settings.BASE_DIR).as_posix()
