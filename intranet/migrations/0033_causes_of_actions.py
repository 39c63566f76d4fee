from collections import defaultdict

from django.db import migrations, models

AT_A_TIME = 1000
EFFECTS = ["Change", "Mail", "Notice", "FileRemoval"]


def fill(apps, schema_editor):
    """Give every action the causes of what it wrote."""
    using, last = schema_editor.connection.alias, None
    actions = apps.get_model("intranet", "Action").objects.using(using)
    while True:
        rest = actions.filter(pk__gt=last) if last else actions
        keys = list(rest.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
        if not keys:
            return
        for causes, those in found(apps, keys, using).items():
            actions.filter(pk__in=those).update(causes=causes)
        last = keys[-1]


def found(apps, keys, using):
    """Return the actions by their causes, as intranet.trace.models.listed writes them."""
    causes, actions = defaultdict(set), defaultdict(list)
    for model in EFFECTS:
        rows = apps.get_model("intranet", model).objects.using(using).order_by()
        caused = rows.filter(action__in=keys).exclude(cause="").values_list("action", "cause")
        for action, cause in caused.distinct():
            causes[action].add(cause)
    for action, those in causes.items():
        actions[f",{','.join(sorted(those))},"].append(action)
    return actions


class Migration(migrations.Migration):
    """An action says itself what caused what it wrote: nobody has to read all of that."""

    dependencies = [("intranet", "0032_fewer_indexes_of_changes")]

    operations = [
        migrations.AddField(
            model_name="action",
            name="causes",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
