"""The admin page "What happens by itself": the signal map in plain words."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.shortcuts import render

from .receiver_map import Connection, connections

WHEN = {
    "pre_save": "Before saving",
    "post_save": "After saving",
    "m2m_changed": "When links change",
    "pre_delete": "Before deleting",
    "post_delete": "After deleting",
    "user_logged_in": "When somebody signs in",
    "user_logged_out": "When somebody signs out",
    "user_login_failed": "When signing in fails",
    "dashboard_opened": "When the dashboard is opened",
    "work_due": "In every round of the worker",
    "post_migrate": "After an update of the site",
    "demo_filled": "When demo data is made",
    "setting_changed": "When tests change a setting",
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
    names = {model.__name__: model._meta.verbose_name for model in apps.get_models()}
    senders = [
        ", ".join(names.get(part, part) for part in sender.split("."))
        for sender in connection.sender.split(", ")
    ]
    when = WHEN.get(connection.signal, connection.signal.replace("_", " ").capitalize())
    about = "" if senders == ["any"] else f": {', '.join(senders)}"
    return [f"{when}{about}", connection.effect, f"{connection.where}, {connection.receiver}"]
