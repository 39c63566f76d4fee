"""The admin page "What happens by itself": the signal map in plain words."""

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.backends.signals import connection_created
from django.db.models import Model, signals
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.text import get_text_list

from ..signals import DescribedSignal
from .signal_map import effect, field_of, signal_names, where
from .wiring import Receiver, connected

WHEN = {  # what Django's own signals cannot say themselves
    signals.pre_save: "Before a {} is saved",
    signals.post_save: "After a {} is saved",
    signals.m2m_changed: "When the {} change",
    signals.pre_delete: "Before a {} is deleted",
    signals.post_delete: "After a {} is deleted",
    user_logged_in: "When somebody signs in",
    user_logged_out: "When somebody signs out",
    user_login_failed: "When signing in fails",
    signals.post_migrate: "After an update of the site",
    connection_created: "When the database is opened",
}


@permission_required("intranet.receive_notices", raise_exception=True)
def receivers(request: HttpRequest) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": "What happens by itself",
        "table": {"headers": ["When", "What happens", "In the code"], "rows": rows()},
    }
    return render(request, "intranet/receivers.html", context)


def rows() -> list[tuple[str, str, str]]:
    """Return the table: what concerns one kind of thing together, the rest last."""
    by_subject = sorted(
        (
            (get_text_list(sorted(map(called, senders)), "or"), signal, receiver)
            for (signal, receiver), senders in connected().items()
        ),
        key=lambda row: (row[0] == "", row[0]),
    )
    names = signal_names()
    return [
        (
            when(signal).format(subject) or names[signal],
            effect(receiver).replace("`", ""),
            in_the_code(names[signal], receiver),
        )
        for subject, signal, receiver in by_subject
    ]


def when(signal: Signal) -> str:
    return signal.when if isinstance(signal, DescribedSignal) else WHEN.get(signal, "")


def called(sender: type[Model]) -> str:
    """Return what the admin calls a model; "groups of a department" for a many-to-many field."""
    if not (field := field_of(sender)):
        return str(sender._meta.verbose_name)
    return f"{field.verbose_name} of a {field.model._meta.verbose_name}"


def in_the_code(signal: str, receiver: Receiver) -> str:
    words = f"{signal}, {where(receiver)}, {receiver.__name__}"
    return format_html('<span class="text-subtle text-xs">{}</span>', words)
