from uuid import NAMESPACE_OID, uuid5

from django.conf import settings
from django.db import migrations

AT_A_TIME = 1000
KINDS = {1: "created", 2: "changed", 3: "deleted"}
MAX_NAME = 200


def take_over(apps, schema_editor):
    """Make every entry of Django's log an action; those that are there from before stay."""
    using, last = schema_editor.connection.alias, 0
    log = apps.get_model("admin", "LogEntry").objects.using(using)
    while entries := list(log.filter(pk__gt=last).order_by("pk")[:AT_A_TIME]):
        write(apps, entries, using)
        last = entries[-1].pk


def write(apps, entries, using):
    Action, Change, User = (
        apps.get_model(name)
        for name in ("intranet.Action", "intranet.Change", settings.AUTH_USER_MODEL)
    )
    known = User._base_manager.using(using).in_bulk({entry.user_id for entry in entries})
    names = {
        pk: f"{it.first_name} {it.last_name}".strip() or it.username for pk, it in known.items()
    }
    ids = {entry.pk: uuid5(NAMESPACE_OID, f"log entry {entry.pk}") for entry in entries}
    there = set(
        Action.objects.using(using).filter(pk__in=ids.values()).values_list("pk", flat=True)
    )
    entries = [entry for entry in entries if ids[entry.pk] not in there]
    Action.objects.using(using).bulk_create(
        Action(
            id=ids[entry.pk],
            actor_id=entry.user_id if entry.user_id in names else None,
            actor_name=names.get(entry.user_id, "somebody")[:MAX_NAME],
            via="page",
            summary=f"{entry.object_repr}: {words(entry)}",
            at=entry.action_time,
        )
        for entry in entries
    )
    Change.objects.using(using).bulk_create(
        Change(
            action_id=ids[entry.pk],
            content_type_id=entry.content_type_id,
            object_key=(entry.object_id or "")[:64],
            object_name=entry.object_repr[:MAX_NAME],
            kind=KINDS.get(entry.action_flag, "changed"),
        )
        for entry in entries
        if entry.content_type_id
    )


def words(entry):
    """Return the message of an entry as Django showed it."""
    from django.contrib.admin.models import LogEntry

    said = LogEntry(change_message=entry.change_message).get_change_message()
    return said or f"{KINDS.get(entry.action_flag, 'changed').capitalize()}."


class Migration(migrations.Migration):
    """Takes over what Django's log of the admin has; its table stays, and is written no more."""

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("intranet", "0009_actions"),
    ]

    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
