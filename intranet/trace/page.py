"""The admin page "What happens by itself": the signal map in plain words."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.text import get_text_list

from .signal_map import Connection, connections

WHEN = {
    "pre_save": "Before a {} is saved",
    "post_save": "After a {} is saved",
    "m2m_changed": "When the {} change",
    "pre_delete": "Before a {} is deleted",
    "post_delete": "After a {} is deleted",
    "staff_joined": "When somebody joins",
    "staff_left": "When somebody leaves",
    "user_logged_in": "When somebody signs in",
    "user_logged_out": "When somebody signs out",
    "user_login_failed": "When signing in fails",
    "file_removed": "After a file has gone",
    "work_due": "In every round of the worker",
    "long_work_due": "Beside the rounds of the worker",
    "post_migrate": "After an update of the site",
}


@permission_required("intranet.receive_notices", raise_exception=True)
def receivers(request):
    context = admin.site.each_context(request) | {
        "title": "What happens by itself",
        "table": {
            "headers": ["When", "What happens", "In the code"],
            "rows": [
                in_plain_words(connection) for connection in sorted(connections(), key=by_subject)
            ],
        },
    }
    return render(request, "intranet/receivers.html", context)


def by_subject(connection: Connection) -> tuple:
    """Sort what concerns one kind of thing together, in the order of events; the rest last."""
    events = list(WHEN)
    event = events.index(connection.signal) if connection.signal in WHEN else len(events)
    return connection.sender == "any", connection.sender, event


def in_plain_words(connection: Connection) -> list[str]:
    """Return the table row of a connection; senders are called as the admin calls them."""
    when = WHEN.get(connection.signal, connection.signal.replace("_", " ").capitalize())
    senders = [called(sender) for sender in connection.sender.split(", ")]
    code = format_html(
        '<span class="text-subtle text-xs">{}, {}, {}</span>',
        connection.signal,
        connection.where,
        connection.receiver,
    )
    return [when.format(get_text_list(senders, "or")), connection.effect, code]


def called(sender: str) -> str:
    """Return "person" for "User", "groups of a department" for "Department.groups"."""
    names = {model.__name__: model._meta.verbose_name for model in apps.get_models()}
    model, _, field = sender.partition(".")
    name = names.get(model, "row of any kind" if model == "any" else model)
    return f"{field.replace('_', ' ')} of a {name}" if field else name
