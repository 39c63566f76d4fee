"""What happens by itself, read from the live connections: a row for each effect."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from inspect import getdoc
from typing import Any, NamedTuple
from weakref import ReferenceType

from django.apps import apps
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.handlers import base  # noqa: F401  # which a command does not import
from django.core.signals import got_request_exception, request_finished, request_started
from django.db.backends.signals import connection_created
from django.db.models import ManyToManyField, Model, signals
from django.dispatch import Signal
from django.utils.translation import gettext, override

from ..signals import DescribedSignal
from .wiring import Counted, Receiver, connected, counted, direct_effects

WHEN = {  # what Django's own signals cannot say themselves
    signals.pre_save: "When {} is added or changed",
    signals.post_save: "When {} is added or changed",
    signals.m2m_changed: "When {} change",
    signals.pre_delete: "When {} is deleted",
    signals.post_delete: "When {} is deleted",
    signals.pre_init: "When {} is read",
    signals.post_init: "When {} is read",
    user_logged_in: "When somebody signs in",
    user_logged_out: "When somebody signs out",
    user_login_failed: "When signing in fails",
    signals.pre_migrate: "When the site is updated",
    signals.post_migrate: "When the site is updated",
    connection_created: "When the database is opened",
    request_started: "When a page is asked for",
    request_finished: "When a page is sent",
    got_request_exception: "When a page fails",
}
MODULES = [
    "django.core.signals",
    "django.db.models.signals",
    "django.db.backends.signals",
    "django.contrib.auth.signals",
]
PACKAGES = {  # what concerns people of what packages do
    "update_last_login": "Notes when somebody signed in last.",
    "handle_user_login_failed": "Counts failed sign-ins, and shuts out for a while who guesses.",
}
Senders = set[type[Model]]


class Row(NamedTuple):
    signal: str
    sender: str
    receiver: str
    effect: str
    where: str
    moments: tuple[str, ...] = ()  # what somebody does
    uid: str = ""  # of what is counted
    is_inner: bool = False


@override(None)
def rows() -> list[Row]:
    """Return a row for each receiver of a signal, with all its senders, and each direct effect.

    What it does, and when, is in English; `make texts` collects it, and `in_words` translates it.
    """
    names = signal_names()

    def row(signal: Signal, receiver: Receiver, senders: Senders, what: str, *more: Any) -> Row:
        ends = ", ".join(sorted(map(sender_name, senders))) or "any", receiver.__name__
        place = where(receiver), moments(signal, senders)
        return Row(names[signal], *ends, what, *place, *more)

    called = [
        Row("called", when, function.__name__, what, where(function), (when,))
        for (when, function), what in direct_effects.items()
    ]
    own = [
        row(signal, it.receiver, senders, effect(it.receiver), it.uid, it.inner)
        for (signal, receiver), senders in connected().items()
        for it in [counted(receiver)]
    ]
    others = [
        row(*found, PACKAGES.get(name) or _of_package(found[1]), "", name not in PACKAGES)
        for found in connected_by_packages()
        for name in [found[1].__name__]
    ]
    return sorted(called + own + others)


def _of_package(receiver: Receiver) -> str:
    package, name = receiver.__module__.partition(".")[0], receiver.__name__.replace("_", " ")
    return f"Done by {package}: {name}."  # not shown


def markdown() -> str:
    """Return the rows as a Markdown table."""
    lines = [
        f"| `{row.signal}` | {row.sender} | `{row.receiver}` | {row.effect} | `{row.where}` |"
        for row in rows()
    ]
    names = ["signal", "sender", "receiver", "what it does", "where"]  # not shown
    heads = "\n".join(f"| {' | '.join(it)} |" for it in (names, ["---"] * len(names)))
    return "\n".join([heads, *lines])


def connected_by_packages() -> Iterator[tuple[Signal, Receiver, Senders]]:
    """Yield what Django and packages connected themselves to the signals of `WHEN`."""
    models = {id(model): model for model in apps.get_models(include_auto_created=True)}
    for signal in WHEN:
        found: dict[Receiver, Senders] = {}
        for (_, sender), receiver, *_ in signal.receivers:
            function = receiver() if isinstance(receiver, ReferenceType) else receiver
            if function is not None and not isinstance(function, Counted):
                senders = found.setdefault(function, set())
                senders.update([models[sender]] if sender in models else [])
        yield from ((signal, function, found[function]) for function in found)


def unheard() -> dict[str, str]:
    """Return the floors' own signals that nobody hears: when they are sent, by name."""
    return {
        name: signal.when
        for signal, name in signal_names().items()
        if isinstance(signal, DescribedSignal) and not signal.receivers
    }


def moments(signal: Signal, senders: Senders) -> tuple[str, ...]:
    """Return what somebody does when a signal is sent, in plain words, for each of its senders."""
    words = signal.when if isinstance(signal, DescribedSignal) else WHEN.get(signal, "")
    subjects = sorted(map(called, senders)) or ["anything"]
    return tuple(dict.fromkeys(words.format(subject) for subject in subjects))


def called(sender: type[Model]) -> str:
    """Return "a person"; "the groups of a department" for a many-to-many field."""
    if field := field_of(sender):
        return f"the {field.verbose_name} of {called(field.model)}"
    name = str(sender._meta.verbose_name)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


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
    return in_words((known and effect(known.receiver)) or name)


def in_words(text: str) -> str:
    """Return an effect, or a moment, in the language of whoever reads it."""
    return gettext(text).replace("`", "")


def where(receiver: Receiver) -> str:
    return receiver.__module__.replace(".", "/") + ".py"
