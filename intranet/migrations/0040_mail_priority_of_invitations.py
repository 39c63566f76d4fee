from django.db import migrations, models
from django.db.models import F


def make_room(apps, schema_editor):
    """Have notices and posts be less urgent by one, so that invitations fit before them."""
    mails = apps.get_model("intranet", "Mail").objects.using(schema_editor.connection.alias)
    mails.filter(priority__gte=1).update(priority=F("priority") + 1)


def take_it_back(apps, schema_editor):
    mails = apps.get_model("intranet", "Mail").objects.using(schema_editor.connection.alias)
    mails.filter(priority__gt=1).update(priority=F("priority") - 1)


class Migration(migrations.Migration):
    dependencies = [
        ("intranet", "0039_filtered_mails"),
    ]

    operations = [
        migrations.RunPython(make_room, take_it_back),
        migrations.AlterField(
            model_name="mail",
            name="priority",
            field=models.PositiveSmallIntegerField(default=2, editable=False),
        ),
    ]
