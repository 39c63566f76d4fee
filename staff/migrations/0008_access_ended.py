from django.db import migrations, models


def forget_of_those_who_are_here(apps, schema_editor):
    """Leave the answer to those who have left: to the others it was only the default."""
    profiles = apps.get_model("staff", "Profile").objects.using(schema_editor.connection.alias)
    profiles.filter(departed_at=None).update(was_inactive=None)


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0007_was_inactive"),
    ]

    operations = [
        migrations.AlterField(
            model_name="profile",
            name="was_inactive",
            field=models.BooleanField(editable=False, null=True),
        ),
        migrations.RunPython(
            forget_of_those_who_are_here, migrations.RunPython.noop, elidable=True
        ),
    ]
